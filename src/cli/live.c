#include "cli/live.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BAR = 30, SECONDS_A_LINE = 10 };

cli_live cli_live_start(void) {
  const char *kind = getenv("TERM");
  return (cli_live){.terminal = isatty(STDERR_FILENO) && kind && strcmp(kind, "dumb") != 0,
                    .next_line = SECONDS_A_LINE};
}

/* "45 s", "3 min 20 s", "2 h 5 min" */
static void format_duration(double seconds, char *text, size_t size) {
  if (!isfinite(seconds))
    snprintf(text, size, "unknown");
  else if (seconds < 60)
    snprintf(text, size, "%.0f s", ceil(seconds));
  else if (seconds < 3600)
    snprintf(text, size, "%.0f min %.0f s", floor(seconds / 60), fmod(seconds, 60));
  else
    snprintf(text, size, "%.0f h %.0f min", floor(seconds / 3600), fmod(seconds, 3600) / 60);
}

static void draw(cli_live *live, const bs_sweep_progress *p, const char *left) {
  char bar[BAR + 1];
  const double filled = p->work > 0 ? BAR * p->work_done / p->work : BAR;
  for (size_t i = 0; i < BAR; i++) bar[i] = (double)i + 0.5 < filled ? '#' : '.';
  bar[BAR] = '\0';
  if (live->lines_drawn) fprintf(stderr, "\r\033[%zuA", live->lines_drawn);
  fputs("\033[?7l", stderr); /* a line too long for the terminal is cut off, not wrapped */
  fprintf(stderr, "\033[K[%s] %zu of %zu runs, %.1f a second, %s left\n", bar, p->done, p->runs,
          p->seconds > 0 ? (double)p->done / p->seconds : 0.0, left);
  live->lines_drawn = 1;
  if (isfinite(p->best)) {
    fprintf(stderr, "\033[K  cosine with %s: best %.7f (%.8s), worst %.7f (%.8s)\n",
            p->predicted ? "the predicted limit" : "the l2 max margin", p->best, p->best_id, p->worst, p->worst_id);
    live->lines_drawn = 2;
  }
  fputs("\033[?7h", stderr);
}

void cli_live_show(void *state, const bs_sweep_progress *progress) {
  cli_live *live = state;
  if (!live->terminal && progress->seconds < live->next_line) return;
  const double each = progress->work_done > 0 ? progress->seconds / progress->work_done : INFINITY;
  char left[64];
  format_duration(each * fmax(0.0, progress->work - progress->work_done), left, sizeof left);
  if (live->terminal) {
    draw(live, progress, left);
    return;
  }
  fprintf(stderr, "%zu of %zu runs, %.1f a second, %s left\n", progress->done, progress->runs,
          (double)progress->done / progress->seconds, left);
  while (live->next_line <= progress->seconds) live->next_line += SECONDS_A_LINE;
}

void cli_live_end(cli_live *live) {
  for (; live->lines_drawn > 0; live->lines_drawn--) fputs("\033[A\033[2K", stderr);
}
