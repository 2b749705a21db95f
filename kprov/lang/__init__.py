"""Floor 2: the role language: YAML tasks and Jinja2 templates to resources."""
