# The service, by `coursecloud starter`. It listens where Cloud Run says, in $PORT.
FROM python:<< python >>-slim
WORKDIR /app
<% if install.copies %>
COPY << install.copies|join(" ") >> ./
<% else %>
COPY . .
<% endif %>
<% for run in install.runs %>
RUN << run >>
<% endfor %>
<% if install.copies %>
COPY . .
<% endif %>
<% if whole %>
RUN << whole >>
<% endif %>
ENV PYTHONPATH=/app/src:/app PYTHONUNBUFFERED=1<% if install.ways %> PATH=/app/<< install.ways|join(":/app/") >>:$PATH<% endif %>


# A shell fills $PORT in, and `exec` lets the program have its signals.
CMD exec << start >>
