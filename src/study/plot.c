#include "study/plot_internal.h"

#include "base/error.h"
#include "base/file.h"
#include "study/gnuplot.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { AXIS_CHARACTERS = 50 }; /* about as many fit along the x axis */

static biascope_status find_terminal(const char *path, const char **out, biascope_error *error) {
  static const char *const TERMINALS[][2] = {
      {".svg", "svg size 760,480 font 'DejaVu Sans,13'"},
      {".pdf", "pdfcairo size 6.3in,4in font 'DejaVu Sans,11'"},
      {".png", "pngcairo size 1520,960 font 'DejaVu Sans,13' fontscale 2 linewidth 2 pointscale 2"}};
  const size_t length = strlen(path);
  for (size_t i = 0; i < 3; i++) {
    *out = TERMINALS[i][1];
    if (length > 4 && !strcmp(path + length - 4, TERMINALS[i][0])) return BIASCOPE_OK;
  }
  return bs_fail(error, BIASCOPE_USAGE, "%s: expected a name that ends in .svg, .pdf or .png", path);
}

/* If the step sizes, batch sizes, ... span a decade or more, the axis is logarithmic. */
static bool logarithmic(const bs_drawing *d) {
  return d->x.layout == BS_COLUMN_SCALED && d->least_x > 0 && d->greatest_x >= 8 * d->least_x;
}

void bs_plot_write_title(const bs_drawing *d) {
  if (!d->plot->title) return;
  fputs("set title ", d->script);
  bs_gnuplot_unmarked(d->script, d->plot->title);
  fputs("\n", d->script);
}

static void write_frame(const bs_drawing *d, const char *terminal) {
  FILE *script = d->script;
  fprintf(script, "set terminal %s\n", terminal);
  bs_gnuplot_style(script);
  fprintf(script,
          "set linetype cycle %d\nset key outside right top reverse Left samplen 2.5 spacing 1.2\n"
          "set tics font ',11'\nset autoscale yfix\nset offsets 0, 0, graph 0.03, graph 0.03\n"
          "set xlabel '%s'\nset ylabel '%s'\n",
          BS_GNUPLOT_COLOURS, d->x.label, d->y.label);
  bs_plot_write_title(d);
  if (d->x.layout != BS_COLUMN_SCALED)
    fprintf(script, "set xtics noenhanced%s\nset xrange [%g:%g]\n",
            d->label_characters > AXIS_CHARACTERS ? " rotate by -30" : "", d->least_x - 0.4, d->greatest_x + 0.4);
  else if (logarithmic(d))
    fprintf(script, "set logscale x\nset xrange [%.12g:%.12g]\n", d->least_x * 0.92, d->greatest_x * 1.08);
  if (d->by.label) fprintf(script, "set key title '%s' left\n", d->by.label);
  if (d->traces) fputs("set format x '10^{%T}'\n", script);
}

/* Tics at the values if they are few; without a number if it would touch the next. */
static void write_tics(const bs_drawing *d) {
  if (d->x.layout != BS_COLUMN_SCALED || d->traces || d->x_count > BS_PLOT_MOST_TICS) return;
  const double character = 1.0 / AXIS_CHARACTERS;
  double free_until = INFINITY;
  fputs("set xtics (", d->script);
  for (size_t i = d->x_count; i-- > 0;) {
    const double x = d->x_values[i], whole = d->greatest_x - d->least_x;
    const double at = logarithmic(d) ? log(x / d->least_x) / log(d->greatest_x / d->least_x)
                      : whole > 0    ? (x - d->least_x) / whole
                                     : 0.5;
    char text[32];
    const double half = 0.5 * character * snprintf(text, sizeof text, "%.12g", x);
    const bool fits = at + half + 0.5 * character < free_until;
    fprintf(d->script, "\"%s\" %s%s", fits ? text : "", text, i ? ", " : "");
    if (fits) free_until = at - half;
  }
  fputs(")\n", d->script);
}

/* Columns of a block: x, its name, y, least, greatest, predicted. Between the least and the greatest run there is a
 * band, or a bar if there is nothing between two x; curves are then drawn beside each other. Rings: predicted. */
static void write_curve(const bs_drawing *d, size_t c) {
  const bool apart = d->x.layout == BS_COLUMN_NAMES, bars = apart || d->x_count == 1;
  const double width = 0.6 / (double)d->curves;
  char x[48];
  snprintf(x, sizeof x, "($1%+.4g)",
           apart ? ((double)c - 0.5 * (double)(d->curves + 1)) * (width < 0.1 ? width : 0.1) : 0.0);
  FILE *script = d->script;
  const size_t colour = d->curve[c - 1].colour;
  const char *dashes = d->curve[c - 1].predicted ? " dt (4,3)" : "";
  const char *limit_style = d->traces ? "lines" : apart ? "points pt 6 ps 1.5" : "linespoints pt 6 ps 1.3";
  if (d->has_spread && bars)
    fprintf(script, "$c%zu using %s:3:4:5 with yerrorbars lt %zu lw 1 notitle, ", c, x, colour);
  if (d->has_limit)
    fprintf(script, "$c%zu using %s:6 with %s lt %zu lw 1.2%s notitle, ", c, x, limit_style, colour,
            apart ? "" : " dt (9,5)");
  if (d->x.layout != BS_COLUMN_SCALED)
    fprintf(script, "$c%zu using 1:3:xtic(2) with points pt 0 lc rgb '#ff000000' notitle, ", c);
  fprintf(script, "$c%zu using %s:3 with %s lt %zu%s title n%zu noenhanced", c, x,
          d->traces ? "lines lw 1.2"
          : apart   ? "points ps 0.9"
                    : "linespoints",
          colour, apart ? "" : dashes, c);
}

static void write_curves(const bs_drawing *d) {
  const bool bands = d->has_spread && d->x_count > 1 && d->x.layout != BS_COLUMN_NAMES;
  fputs("plot ", d->script);
  for (size_t c = 1; bands && c <= d->curves; c++)
    fprintf(d->script, "$c%zu using 1:4:5 with filledcurves lt %zu fs transparent solid 0.13 noborder notitle, ", c,
            d->curve[c - 1].colour);
  for (size_t c = 1; c <= d->curves; c++) {
    if (c > 1) fputs(", \\\n  ", d->script);
    write_curve(d, c);
  }
  if (d->has_limit)
    fprintf(d->script, ", \\\n  NaN with %s lc rgb '#777777' lw 1.2 dt (9,5) title 'predicted'",
            d->traces ? "lines" : "linespoints pt 6 ps 1.3");
  fputs("\n", d->script);
}

static biascope_status write_script(bs_drawing *d, const char *terminal, biascope_error *error) {
  const biascope_plot *plot = d->plot;
  biascope_status status = plot->z ? bs_plot_write_map(d, terminal, error) : bs_plot_write_data(d, error);
  if (status == BIASCOPE_OK && d->points == 0)
    status =
        bs_fail(error, BIASCOPE_BAD_INPUT, "no run of the store has %s%s and %s%s%s", plot->z ? "" : "both ", plot->x,
                plot->y, plot->z ? " and a measure to colour by" : "", plot->where ? " under the filter" : "");
  if (status != BIASCOPE_OK) return status;
  if (!plot->z) {
    write_frame(d, terminal);
    write_tics(d);
    write_curves(d);
  }
  return fflush(d->script) == 0 ? BIASCOPE_OK
                                : bs_fail(error, BIASCOPE_BAD_INPUT, "the plot's script cannot be written");
}

static biascope_status draw(bs_drawing *d, const char *terminal, biascope_error *error) {
  biascope_output out;
  biascope_status status = write_script(d, terminal, error);
  if (status == BIASCOPE_OK) status = biascope_output_open(&out, d->plot->path, error);
  if (status != BIASCOPE_OK) return status;
  rewind(d->script);
  status = bs_gnuplot_run(".", "-", fileno(d->script), fileno(out.stream), error);
  if (status == BIASCOPE_OK) return biascope_output_commit(&out, error);
  biascope_output_abandon(&out);
  return status;
}

biascope_status biascope_plot_draw(biascope_store *store, const biascope_plot *plot, biascope_error *error) {
  bs_drawing d = {.store = store, .plot = plot, .traces = !strcmp(plot->x, "step")};
  const char *terminal;
  biascope_status status = bs_plot_find_column("--x", plot->x, &d.x, error);
  if (status == BIASCOPE_OK) status = bs_plot_find_column("--y", plot->y, &d.y, error);
  if (status == BIASCOPE_OK && plot->by) status = bs_plot_find_column("--by", plot->by, &d.by, error);
  if (status == BIASCOPE_OK && plot->z) status = bs_plot_find_column("--z", plot->z, &d.z, error);
  if (status == BIASCOPE_OK && plot->z &&
      (plot->by || d.traces || !strcmp(plot->y, "step") || !strcmp(plot->z, "step")))
    status = bs_fail(error, BIASCOPE_USAGE,
                     "--z: a heat map has two columns of the runs for --x and --y, no step and no --by");
  if (status == BIASCOPE_OK) status = find_terminal(plot->path, &terminal, error);
  if (status != BIASCOPE_OK) return status;
  d.script = tmpfile();
  if (!d.script) return bs_fail(error, BIASCOPE_BAD_INPUT, "no temporary file can be made for the plot's script");
  status = draw(&d, terminal, error);
  fclose(d.script);
  free(d.curve);
  return status;
}
