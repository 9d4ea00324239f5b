"""Stage `fairness`: whether groups of people are treated differently, and how sure that is."""
