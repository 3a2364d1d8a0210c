"""Sessions, queue and tasks. Knows no Jupyter and no page."""
