/* What the targets of a store ask of it. */
#ifndef BIASCOPE_FUZZ_STORE_COMMANDS_H
#define BIASCOPE_FUZZ_STORE_COMMANDS_H

#include "study/store_internal.h"

/* The library's own: the commands that open a store to read are given this one where it is set, for reading the schema
 * anew would take most of the time. */
extern biascope_store *opened_store;
biascope_status __real_biascope_store_open(const char *path, biascope_store_mode mode, biascope_store **out,
                                           biascope_error *error);
void __real_biascope_store_close(biascope_store *store);

void check(bool holds);
/* The path of a new database in memory, as all that are opened from here on: SQLite's memory files, without system
 * calls. An empty file is there too, for what the library asks the system about it. */
const char *memory_database(char path[64]);
/* `runs --json` and `report` refuse the opened store in words, or print what is JSON. */
void ask_store(void);

#endif
