"""The command line around the environment: plan it without a cloud, bring it up and take it down."""
