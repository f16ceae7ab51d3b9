"""The widget's page, and the outcomes of a widget session."""
