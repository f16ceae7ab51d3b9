"""Nothing here has an event loop, and nothing here knows how busy the machine is."""

import hypothesis

hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")
