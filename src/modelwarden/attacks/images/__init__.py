"""Changes of pictures that no norm counts: weather, cameras, files, turns, patches.

`corruptions`: what light, lenses and files do, at a severity. `warps`: turned, moved, nearer.
`space`: how much of it is allowed, and what a change looks like. `search`: the attacks.
`universal`: one change for all.
"""
