"""Modules that are imported by name, and data files, of both packages."""

from PyInstaller.utils.hooks import collect_data_files, collect_submodules

hiddenimports = [
    *collect_submodules("flexiti_stores"),
    # The public names of packages, imported on first use.
    *("flexiti_async._public", "flexiti_async.api._public"),
]
datas = collect_data_files("flexiti_async")
