/* Folders, and the files of biascope_output. */
#ifndef BIASCOPE_BASE_FILE_H
#define BIASCOPE_BASE_FILE_H

#include "base/error.h"

/* Makes the directory and those above it; one that exists is fine. */
biascope_status bs_make_directory(const char *path, biascope_error *error);

#endif
