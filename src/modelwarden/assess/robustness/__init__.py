"""The stage `robustness`: how easily is the model fooled, and could the attacks be trusted?"""
