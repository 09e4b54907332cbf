# SPDX-License-Identifier: Apache-2.0
"""What the portal can do, one room for each subject; permissions are checked here.

Every function takes a database session and who asks, and gives back view models of
:mod:`parentage.web.services.views`. The pages and the API call nothing else.
"""
