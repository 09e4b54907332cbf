# SPDX-License-Identifier: Apache-2.0
"""Statistics on plain arrays: no I/O, no logging, no global random state.

Two kinds of relabelling leave a network's function unchanged and its initialisation
as likely as before: flipping the sign of a hidden unit, and exchanging two of them.
Both turn the comparison of *same-numbered* units of two models into fair coins under
the null hypothesis of independent initial weights, whatever the data, the recipe and
the other model (methods of Zhu et al., arXiv:2502.12292, made exact in closed form).
"""
