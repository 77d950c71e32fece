"""DynamoDB, SQS and the parameter store behind Argo's ports."""
