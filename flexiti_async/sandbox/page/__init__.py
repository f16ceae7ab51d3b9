"""The page of the widget, and the scenarios that play it."""
