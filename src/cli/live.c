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

static double rate(const biascope_progress *p) {
  return p->seconds > 0 ? (double)p->done / p->seconds : 0.0;
}

static void draw(cli_live *live, const biascope_progress *p, const char *left) {
  char bar[BAR + 1];
  for (size_t i = 0; i < BAR; i++) bar[i] = (double)i + 0.5 < BAR * p->fraction ? '#' : '.';
  bar[BAR] = '\0';
  if (live->lines_drawn) fprintf(stderr, "\r\033[%zuA", live->lines_drawn);
  fputs("\033[?7l", stderr); /* a line too long for the terminal is cut off, not wrapped */
  fprintf(stderr, "\033[K[%s] %llu of %llu %s, %.1f a second, %s left\n", bar, (unsigned long long)p->done,
          (unsigned long long)p->total, p->what, rate(p), left);
  live->lines_drawn = 1;
  if (p->note) {
    fprintf(stderr, "\033[K  %s\n", p->note);
    live->lines_drawn = 2;
  }
  fputs("\033[?7h", stderr);
}

void cli_live_show(cli_live *live, const biascope_progress *p) {
  if (!live->terminal && p->seconds < live->next_line) return;
  char left[64];
  format_duration(p->fraction > 0.0 ? p->seconds * (1.0 - p->fraction) / p->fraction : INFINITY, left, sizeof left);
  if (live->terminal) {
    draw(live, p, left);
    return;
  }
  fprintf(stderr, "%llu of %llu %s, %.1f a second, %s left\n", (unsigned long long)p->done,
          (unsigned long long)p->total, p->what, rate(p), left);
  while (live->next_line <= p->seconds) live->next_line += SECONDS_A_LINE;
}

void cli_live_end(cli_live *live) {
  for (; live->lines_drawn > 0; live->lines_drawn--) fputs("\033[A\033[2K", stderr);
}
