/* How a sweep shows itself on stderr: a line that redraws itself on a terminal, a plain line now and then elsewhere. */
#ifndef BIASCOPE_CLI_LIVE_H
#define BIASCOPE_CLI_LIVE_H

#include "biascope.h"

typedef struct {
  bool terminal;
  size_t lines_drawn;
  double next_line; /* elsewhere: when the next plain line is due, in seconds of the sweep */
} cli_live;

cli_live cli_live_start(void);
void cli_live_show(cli_live *live, const biascope_progress *progress);
/* Clears what was redrawn. */
void cli_live_end(cli_live *live);

#endif
