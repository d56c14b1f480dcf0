"""Roof: the story of an invented chain of shops, told through the product's own verbs; nothing imports it."""
