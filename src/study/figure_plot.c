/* Writes a figure's CSV, and the gnuplot script that draws it as SVG and PNG. */
#include "study/figure.h"

#include "base/file.h"
#include "study/gnuplot.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *column, *label;
} MEASURES[BS_MEASURES] = {
    [BS_COSINE_L2] = {"cosine_l2", "cosine with ℓ_2-max-margin"},
    [BS_COSINE_LINF] = {"cosine_linf", "cosine with ℓ_∞-max-margin"},
    [BS_COSINE_PROXY] = {"cosine_proxy", "cosine with AdamProxy limit"},
    [BS_COSINE_PREDICTED] = {"cosine_predicted", "cosine with predicted limit"},
    [BS_FRACTION_LINF] = {"ratio_linf", "fraction of best ℓ_∞ margin"},
    [BS_COSINE_SPECTRAL] = {"cosine_spectral", "cosine with spectral max-margin"},
    [BS_FRACTION_SPECTRAL] = {"ratio_spectral", "fraction of best spectral margin"},
    [BS_FRACTION_L2] = {"ratio_l2", "fraction of best ℓ_2 margin"},
    [BS_FRACTION_L1] = {"ratio_l1", "fraction of best ℓ_1 margin"},
    [BS_FRACTION_NUCLEAR] = {"ratio_nuclear", "fraction of best nuclear margin"},
    [BS_ACCURACY] = {"accuracy", "accuracy on samples held out"},
};

/* x: a gnuplot expression of the CSV's columns. A beta is drawn as 1 - beta on a reversed log axis. */
#define BETA_AXIS                                                                                                      \
  "set logscale x; set xrange [*:*] reverse; set xtics nomirror ('0' 1, '0.5' 0.5, '0.9' 0.1, '0.99' 0.01, "           \
  "'0.999' 0.001)"
static const struct {
  const char *x, *label, *setup;
} AXES[BS_AXES] = {
    [BS_AXIS_STEP] = {"column(\"step\")", "step", "set logscale x; set xtics auto nomirror; set format x '10^{%T}'"},
    [BS_AXIS_BATCH_SIZE] =
        {"column(\"batch_size\")", "batch size",
         "set xrange [*:*] noreverse; set logscale x; set xtics nomirror (1, 2, 5, 10, 20, 50, 100, 200, 500)"},
    [BS_AXIS_BETA1] = {"1 - column(\"beta1\")", "β", BETA_AXIS},
    [BS_AXIS_BETA2] = {"1 - column(\"beta2\")", "β_2", BETA_AXIS},
    [BS_AXIS_NOISE] = {"column(\"noise\")", "noise scale",
                       "set xrange [*:*] noreverse; set logscale x; set xtics nomirror (0.01, 0.1, 1, 10)"},
};

/* ---- CSV ---------------------------------------------------------------------------------------- */

static biascope_status write_csv(const bs_figure *figure, const bs_figure_points *points, const char *path,
                                 biascope_error *error) {
  biascope_output file;
  const biascope_status status = biascope_output_open(&file, path, error);
  if (status != BIASCOPE_OK) return status;
  fputs("curve,label,batch_size,beta1,beta2,lr,lr_decay,noise,step,source,last", file.stream);
  for (int m = 0; m < BS_MEASURES; m++) fprintf(file.stream, ",%s", MEASURES[m].column);
  for (size_t i = 0; i < points->count; i++) {
    const bs_figure_point *p = &points->points[i];
    const biascope_options *t = &p->training;
    fprintf(file.stream, "\n%zu,\"%s\",%zu,%g,%g,%g,%g,%g,%llu,%s,%d", p->series + 1, figure->series[p->series].label,
            t->batch_size, t->beta1, t->beta2, t->lr, t->lr_decay, t->noise, (unsigned long long)p->step,
            p->predicted ? "predicted" : "simulated", p->last);
    for (int m = 0; m < BS_MEASURES; m++) {
      fputc(',', file.stream);
      if (!isnan(p->measure[m])) fprintf(file.stream, "%.12g", p->measure[m]);
    }
  }
  fputc('\n', file.stream);
  return biascope_output_commit(&file, error);
}

/* ---- The script ----------------------------------------------------------------------------------- */

/* In SVG pixels. */
enum { PANEL_WIDTH = 320, PANEL_HEIGHT = 230, LEFT = 76, RIGHT = 36, TOP = 112, BOTTOM = 58, GAP_X = 92, GAP_Y = 98 };
enum { TITLE_Y = 20, LEGEND_TOP = 34, LEGEND_BOTTOM = 72, SETTLING = 100 };

typedef struct {
  const bs_figure *figure;
  double width, height;
  double low;       /* of the y axes of all panels, so that they can be compared */
  uint64_t longest; /* steps */
  bool predicted;   /* there is a limit */
} sheet;

/* The y axis starts at the least value drawn, rounded down, at no less than 0; the first steps of a trace may be
 * outside. */
static sheet lay_out(const bs_figure *figure, const bs_figure_points *points) {
  const size_t columns = figure->panel_columns, rows = (figure->panel_count + columns - 1) / columns;
  sheet s = {.figure = figure, .low = 0.9};
  s.width = (double)(LEFT + RIGHT + columns * PANEL_WIDTH + (columns - 1) * GAP_X);
  s.height = (double)(TOP + BOTTOM + rows * PANEL_HEIGHT + (rows - 1) * GAP_Y);
  for (size_t i = 0; i < points->count; i++) {
    const bs_figure_point *point = &points->points[i];
    if (point->step > s.longest) s.longest = point->step;
    s.predicted = s.predicted || point->predicted;
    for (size_t p = 0; p < figure->panel_count && point->step >= SETTLING; p++)
      s.low = fmin(s.low, point->measure[figure->panels[p].measure]);
  }
  s.low = fmax(0.0, floor(s.low * 10 + 1e-9) / 10);
  return s;
}

static void write_head(const sheet *s, FILE *script) {
  const bs_figure *figure = s->figure;
  fprintf(script,
          "# %s: %s. Draw again with: gnuplot %s.gp\n"
          "set datafile separator comma\n"
          "set datafile columnheaders\n"
          "data = '%s.csv'\n"
          "# y where the row belongs to the curve and the source, else nothing\n"
          "pick(curve, source, y) = column('curve') == curve && strcol('source') eq source ? column(y) : NaN\n"
          "last(curve, y) = column('last') == 1 ? pick(curve, 'simulated', y) : NaN\n\n",
          figure->name, figure->title, figure->name, figure->name);
  bs_gnuplot_style(script);
  fprintf(script,
          "set autoscale xfix\n"
          "set yrange [%g:%g]\n"
          "set format y '%%.2g'\n\n"
          "do for [format in 'svg png'] {\n"
          "if (format eq 'svg') { set terminal svg size %g,%g font 'DejaVu Sans,12' background 'white' }\n"
          "if (format eq 'png') { set terminal pngcairo size %g,%g font 'DejaVu Sans,12' fontscale 2 linewidth 2 "
          "pointscale 2 }\n"
          "set output '%s.'.format\n"
          "set multiplot\n",
          s->low, 1 + 0.02 * (1 - s->low), s->width, s->height, 2 * s->width, 2 * s->height, figure->name);
}

/* The edges of the next plot, in pixels from the top left. */
static void write_margins(const sheet *s, double left, double right, double top, double bottom, FILE *script) {
  fprintf(script,
          "set lmargin at screen %.4f; set rmargin at screen %.4f; set tmargin at screen %.4f; set bmargin at screen "
          "%.4f\n",
          left / s->width, right / s->width, 1 - top / s->height, 1 - bottom / s->height);
}

/* Whether a legend entry with that label precedes series s. */
static bool labelled_before(const bs_figure *figure, size_t s) {
  for (size_t i = 0; i < s; i++) {
    if (!strcmp(figure->series[i].label, figure->series[s].label)) return true;
  }
  return false;
}

/* The figure's title and its legend: an empty plot at the top of the sheet. */
static void write_legend(const sheet *s, FILE *script) {
  const bs_figure *figure = s->figure;
  const bool trace = figure->axis == BS_AXIS_STEP;
  fprintf(script, "\nset label 1 \"{/:Bold %s}\" at screen 0.5, screen %.4f center font ',14'\n", figure->title,
          1 - TITLE_Y / s->height);
  write_margins(s, 0, s->width, LEGEND_TOP, LEGEND_BOTTOM, script);
  fputs("unset title; unset xlabel; unset ylabel; unset xtics; unset ytics; unset border\n"
        "set key center center horizontal samplen 2\nunset logscale x; set xrange [1:2] noreverse\n",
        script);
  fputs("plot -1 notitle", script);
  if (s->predicted)
    fprintf(script, ", \\\n  keyentry with lines lc rgb '#777777' lw %s title \"predicted\"",
            trace ? "1.2 dt (6,4)" : "2");
  if (!trace && s->predicted)
    fputs(", \\\n  keyentry with points lc rgb '#777777' pt 7 ps 0.7 title \"simulated\"", script);
  for (size_t i = 0; i < figure->series_count; i++) {
    if (!labelled_before(figure, i))
      fprintf(script, ", \\\n  keyentry with lines lt %d lw 3 title \"%s\"", figure->series[i].colour,
              figure->series[i].label);
  }
  fputs("\nunset label 1\nset border 3 linecolor rgb '#444444'\nset ytics nomirror\nunset key\n", script);
}

static void write_curve(const sheet *drawn, const bs_panel *panel, size_t s, FILE *script) {
  const bs_figure *figure = drawn->figure;
  const char *x = AXES[panel->axis].x, *y = MEASURES[panel->measure].column;
  const int colour = figure->series[s].colour;
  const bool trace = panel->axis == BS_AXIS_STEP;
  fprintf(script, ", \\\n  data using (%s):(pick(%zu, 'predicted', '%s')) with lines lt %d lw %s notitle", x, s + 1, y,
          colour, trace ? "1.2 dt (6,4)" : "2");
  if (trace)
    fprintf(script, ", \\\n  data using (%s):(pick(%zu, 'simulated', '%s')) with lines lt %d notitle", x, s + 1, y,
            colour);
  else
    fprintf(script, ", \\\n  data using (%s):(last(%zu, '%s')) with %s lt %d notitle", x, s + 1, y,
            drawn->predicted ? "points" : "linespoints", colour);
}

static void write_panel(const sheet *s, size_t index, FILE *script) {
  const bs_figure *figure = s->figure;
  const bs_panel *panel = &figure->panels[index];
  const double left = LEFT + (double)(index % figure->panel_columns) * (PANEL_WIDTH + GAP_X);
  const size_t row = index / figure->panel_columns;
  const double top = TOP + (double)row * (PANEL_HEIGHT + GAP_Y);
  fprintf(script, "\nset title \"%s\"\nset xlabel \"%s\"\nset ylabel \"%s\"\n", panel->title, AXES[panel->axis].label,
          MEASURES[panel->measure].label);
  write_margins(s, left, left + PANEL_WIDTH, top, top + PANEL_HEIGHT, script);
  if (panel->axis == BS_AXIS_STEP) fprintf(script, "set xrange [1:%llu] noreverse; ", (unsigned long long)s->longest);
  fprintf(script, "%s\n", AXES[panel->axis].setup);
  fputs("plot 1 with lines lc rgb '#999999' lw 0.7 notitle", script);
  for (size_t i = 0; i < figure->series_count; i++) {
    const int group = figure->series[i].group;
    if (group == 0 || panel->group == 0 || group == panel->group) write_curve(s, panel, i, script);
  }
  fputs("\n", script);
}

static biascope_status write_script(const bs_figure *figure, const bs_figure_points *points, const char *path,
                                    biascope_error *error) {
  biascope_output file;
  const biascope_status status = biascope_output_open(&file, path, error);
  if (status != BIASCOPE_OK) return status;
  const sheet s = lay_out(figure, points);
  write_head(&s, file.stream);
  write_legend(&s, file.stream);
  for (size_t p = 0; p < figure->panel_count; p++) write_panel(&s, p, file.stream);
  fputs("\nunset multiplot\nset output\n}\n", file.stream);
  return biascope_output_commit(&file, error);
}

biascope_status bs_figure_check_gnuplot(biascope_error *error) {
  return bs_gnuplot_run(".", "--version", -1, -1, error);
}

biascope_status bs_figure_draw(const bs_figure *figure, const bs_figure_points *points, const char *directory,
                               biascope_error *error) {
  char path[4096], script[64];
  const char *const endings[] = {"csv", "gp"};
  biascope_status status = BIASCOPE_OK;
  for (int i = 0; i < 2 && status == BIASCOPE_OK; i++) {
    if (snprintf(path, sizeof path, "%s/%s.%s", directory, figure->name, endings[i]) >= (int)sizeof path)
      return bs_fail(error, BIASCOPE_USAGE, "the directory's name is too long: %s", directory);
    status = i == 0 ? write_csv(figure, points, path, error) : write_script(figure, points, path, error);
  }
  snprintf(script, sizeof script, "%s.gp", figure->name);
  return status == BIASCOPE_OK ? bs_gnuplot_run(directory, script, -1, -1, error) : status;
}
