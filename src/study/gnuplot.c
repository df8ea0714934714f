#include "study/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

void bs_gnuplot_style(FILE *script) {
  static const char *const PALETTE[BS_GNUPLOT_COLOURS] = {"#000000", "#0072B2", "#D55E00", "#009E73",
                                                          "#CC79A7", "#E69F00", "#56B4E9"};
  fputs("set encoding utf8\n", script);
  for (int c = 0; c < BS_GNUPLOT_COLOURS; c++)
    fprintf(script, "set linetype %d linecolor rgb '%s' linewidth 2 pointtype 7 pointsize 0.6\n", c + 1, PALETTE[c]);
  fputs("set tics nomirror out scale 0.6\nset border 3 linecolor rgb '#444444'\n"
        "set grid ytics linecolor rgb '#dddddd' linewidth 0.7\n",
        script);
}

static void write_quoted(FILE *script, const char *text, const char *marks) {
  fputc('\'', script);
  for (; *text; text++) {
    if (*text == '\'') fputc('\'', script);
    if (strchr(marks, *text)) fputc('\\', script);
    fputc((unsigned char)*text < 0x20 ? ' ' : *text, script);
  }
  fputc('\'', script);
}

void bs_gnuplot_quoted(FILE *script, const char *text) {
  write_quoted(script, text, "");
}

void bs_gnuplot_unmarked(FILE *script, const char *text) {
  write_quoted(script, text, "\\{}^_@&~");
}

static void connect_to(posix_spawn_file_actions_t *actions, int descriptor, int target, int flags) {
  if (descriptor >= 0)
    posix_spawn_file_actions_adddup2(actions, descriptor, target);
  else
    posix_spawn_file_actions_addopen(actions, target, "/dev/null", flags, 0);
}

biascope_status bs_gnuplot_run(const char *directory, const char *argument, int input, int output,
                               biascope_error *error) {
  char *arguments[] = {"gnuplot", (char *)argument, NULL};
  posix_spawn_file_actions_t actions;
  pid_t child, waited;
  int state = 0;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, directory);
  connect_to(&actions, input, STDIN_FILENO, O_RDONLY);
  connect_to(&actions, output, STDOUT_FILENO, O_WRONLY);
  const int failed = posix_spawnp(&child, "gnuplot", &actions, NULL, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed)
    return bs_fail(error, BIASCOPE_BAD_INPUT, "gnuplot cannot be run: %s; on Debian: apt-get install gnuplot-nox",
                   strerror(failed));
  while ((waited = waitpid(child, &state, 0)) < 0 && errno == EINTR) continue;
  if (waited < 0 || !WIFEXITED(state) || WEXITSTATUS(state) != 0)
    return bs_fail(error, BIASCOPE_BAD_INPUT, "gnuplot %s failed; expected it to exit with 0", argument);
  return BIASCOPE_OK;
}
