"""The report of a run, as a page and as Markdown, and the page of its model card."""
