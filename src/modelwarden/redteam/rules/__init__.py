"""The rules of campaigns, one module each; `redteam.catalog` lists them."""
