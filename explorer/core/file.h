/* The one file that the page has given. */
#ifndef EXPLORER_FILE_H
#define EXPLORER_FILE_H

#include <stddef.h>

/* The next bs_input_open, of whatever path, reads these bytes. They belong to the caller. */
void file_offer(const char *bytes, size_t size);

#endif
