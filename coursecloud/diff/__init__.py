"""What a change does. In: two plans, or Pulumi's preview. Out: changes, replacements, losses, refusals."""
