"""What follows from the domains' declaration: models, YAML and migrations, written from templates."""
