"""What is deployed: one concept a file, with its IAM inside."""
