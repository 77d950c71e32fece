"""`argo doctor`: what is wrong with a deployment or an account, and what to do about it."""
