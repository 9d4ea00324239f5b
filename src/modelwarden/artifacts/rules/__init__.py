"""One module a rule, named after its id; `artifacts.catalog` lists them."""
