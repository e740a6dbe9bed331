"""The mutation run (`make mutation`): what is changed, which tests have to notice, and what nobody noticed."""
