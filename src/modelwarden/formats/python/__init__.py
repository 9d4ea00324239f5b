"""Python source, followed from its syntax tree: what runs when it is imported, loaded, or later."""
