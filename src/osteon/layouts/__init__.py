"""Adapters from a data set's own layout to rows, all of one signature: root -> rows."""
