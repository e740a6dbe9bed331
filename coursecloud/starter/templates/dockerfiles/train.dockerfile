# Training, by `coursecloud starter`<% if gpu %>, with the PyTorch that its << gpu >> needs: the CUDA that it uses is in its packages<% else %>, on a machine without a GPU<% endif %>.
# Not alpine: PyTorch has no packages for it.
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


# No shell around it: the program itself gets SIGTERM before Spot capacity is taken away.
ENTRYPOINT ["python", << program|quoted >>]
