"""What users see and click: JupyterLab, Notebook and saved pages in a real browser."""
