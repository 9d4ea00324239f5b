"""PaddlePaddle: programs, and the parameters beside them."""
