"""A small Wagtail site as its documentation would have one build it, with a page type of the shape of our terms."""
