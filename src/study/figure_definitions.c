/* Every figure: its curves, its panels, and the claims of the paper (Baek, Song, Yun, arXiv 2510.26303). */
#include "study/figure.h"

#define TRAINING(kind, batch, sampling, b1, b2, eta, decay)                                                            \
  {                                                                                                                    \
    .optimizer = (kind), .loss = BIASCOPE_LOGISTIC, .batch_size = (batch), .order = (sampling), .beta1 = (b1),         \
    .beta2 = (b2), .lr = (eta), .lr_decay = (decay)                                                                    \
  }
#define ADAM(batch, sampling, b1, b2) TRAINING(BIASCOPE_ADAM, batch, sampling, b1, b2, 0.1, 0.5)
#define SIGNUM(b1) TRAINING(BIASCOPE_SIGNUM, 1, BIASCOPE_SHUFFLE, b1, 0, 0.01, 0.5)
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { BLACK = 1, BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY }; /* line types of gnuplot.h */
enum { FULL = 0 };                                                /* batch size */
static const uint64_t TRACE = 4000000;

/* ---- fig1: Gaussian data, batch size and order ------------------------------------------------ */

#define FIG1(name, colour_, batch, sampling, group_)                                                                   \
  { (name), (colour_), (group_), BS_FIGURE_GAUSSIAN, ADAM(batch, sampling, 0.9, 0.95), TRACE }
static const bs_series FIG1_SERIES[] = {
    FIG1("full batch (10)", BLACK, FULL, BIASCOPE_CYCLIC, 0),
    FIG1("batch size 1", BLUE, 1, BIASCOPE_CYCLIC, 1),
    FIG1("batch size 1", BLUE, 1, BIASCOPE_SHUFFLE, 2),
    FIG1("batch size 1", BLUE, 1, BIASCOPE_REPLACEMENT, 3),
    FIG1("batch size 2", VERMILLION, 2, BIASCOPE_CYCLIC, 1),
    FIG1("batch size 2", VERMILLION, 2, BIASCOPE_SHUFFLE, 2),
    FIG1("batch size 2", VERMILLION, 2, BIASCOPE_REPLACEMENT, 3),
    FIG1("batch size 5", GREEN, 5, BIASCOPE_CYCLIC, 1),
    FIG1("batch size 5", GREEN, 5, BIASCOPE_SHUFFLE, 2),
    FIG1("batch size 5", GREEN, 5, BIASCOPE_REPLACEMENT, 3),
};
static const bs_panel FIG1_PANELS[] = {
    {"cyclic", BS_COSINE_L2, BS_AXIS_STEP, 1},
    {"random reshuffling", BS_COSINE_L2, BS_AXIS_STEP, 2},
    {"with replacement", BS_COSINE_L2, BS_AXIS_STEP, 3},
    {"cyclic", BS_COSINE_LINF, BS_AXIS_STEP, 1},
    {"random reshuffling", BS_COSINE_LINF, BS_AXIS_STEP, 2},
    {"with replacement", BS_COSINE_LINF, BS_AXIS_STEP, 3},
};
static const bs_claim FIG1_CLAIMS[] = {
    {"full-batch Adam finds the linf-max-margin direction", BS_COSINE_LINF, 0, 1, BS_AT_LEAST, 0.9999, 0, 0},
    {"batch size 1 departs from it, in every order", BS_COSINE_LINF, 1, 3, BS_AT_MOST, 0.80, 0, 0},
    {"batch size 1 ends near the l2-max-margin direction, not at it", BS_COSINE_L2, 1, 3, BS_NEAR, 0.974, 0.02, 0},
};

/* ---- fig2: generalised Rademacher data --------------------------------------------------------- */

#define FIG2(name, colour_, batch, sampling)                                                                           \
  { (name), (colour_), 0, BS_FIGURE_RADEMACHER, ADAM(batch, sampling, 0.9, 0.95), TRACE }
static const bs_series FIG2_SERIES[] = {
    FIG2("full batch", BLACK, FULL, BIASCOPE_CYCLIC),
    FIG2("batch size 1, cyclic", BLUE, 1, BIASCOPE_CYCLIC),
    FIG2("batch size 1, random reshuffling", VERMILLION, 1, BIASCOPE_SHUFFLE),
    FIG2("batch size 1, with replacement", GREEN, 1, BIASCOPE_REPLACEMENT),
};
static const bs_panel FIG2_PANELS[] = {
    {"", BS_COSINE_L2, BS_AXIS_STEP, 0},
    {"", BS_COSINE_LINF, BS_AXIS_STEP, 0},
};
static const bs_claim FIG2_CLAIMS[] = {
    {"batch size 1 finds the l2-max-margin direction, in every order", BS_COSINE_L2, 1, 3, BS_AT_LEAST, 0.9999, 0, 0},
    {"full-batch Adam finds the linf-max-margin direction", BS_COSINE_LINF, 0, 1, BS_AT_LEAST, 0.999, 0, 0},
};

/* ---- fig3: Gaussian data and the AdamProxy fixed point ----------------------------------------- */

#define FIG3(name, colour_, batch, b2)                                                                                 \
  { (name), (colour_), 0, BS_FIGURE_GAUSSIAN, ADAM(batch, BIASCOPE_CYCLIC, 0.9, b2), TRACE }
static const bs_series FIG3_SERIES[] = {
    FIG3("full batch, β_2 = 0.95", BLACK, FULL, 0.95),
    FIG3("batch size 1, β_2 = 0.95", BLUE, 1, 0.95),
    FIG3("batch size 1, β_2 = 0.99", VERMILLION, 1, 0.99),
};
static const bs_panel FIG3_PANELS[] = {
    {"", BS_COSINE_L2, BS_AXIS_STEP, 0},
    {"", BS_COSINE_LINF, BS_AXIS_STEP, 0},
    {"", BS_COSINE_PROXY, BS_AXIS_STEP, 0},
};
static const bs_claim FIG3_CLAIMS[] = {
    {"with beta2 near 1, batch size 1 finds the AdamProxy fixed point", BS_COSINE_PROXY, 2, 1, BS_AT_LEAST, 0.9999, 0,
     0},
};

/* ---- fig4: Signum's momentum at batch size 1 --------------------------------------------------- */

#define FIG4(name, colour_, b1)                                                                                        \
  { (name), (colour_), 0, BS_FIGURE_GAUSSIAN, SIGNUM(b1), TRACE }
static const bs_series FIG4_SERIES[] = {
    FIG4("β = 0", BLACK, 0.0),     FIG4("β = 0.5", SKY, 0.5),      FIG4("β = 0.9", BLUE, 0.9),
    FIG4("β = 0.95", GREEN, 0.95), FIG4("β = 0.99", ORANGE, 0.99), FIG4("β = 0.999", VERMILLION, 0.999),
};
static const bs_panel FIG4_PANELS[] = {
    {"along the run", BS_FRACTION_LINF, BS_AXIS_STEP, 0},
    {"at its end", BS_FRACTION_LINF, BS_AXIS_BETA1, 0},
};
static const bs_claim FIG4_CLAIMS[] = {
    {"Signum with beta near 1 finds the best linf margin at batch size 1", BS_FRACTION_LINF, 4, 2, BS_AT_LEAST, 0.98, 0,
     0},
};

/* ---- fig5 and fig6: the predicted limit against batch size and beta2 --------------------------- */

#define PREDICTED(name, colour_, group_, data_, batch, sampling, b1, b2, eta, decay, steps)                            \
  { (name), (colour_), (group_), (data_), TRAINING(BIASCOPE_ADAM, batch, sampling, b1, b2, eta, decay), (steps) }
#define EACH_ORDER(group_, data_, batch, b1, b2, eta, decay, steps)                                                    \
  PREDICTED("cyclic", BLUE, group_, data_, batch, BIASCOPE_CYCLIC, b1, b2, eta, decay, steps),                         \
      PREDICTED("random reshuffling", VERMILLION, group_, data_, batch, BIASCOPE_SHUFFLE, b1, b2, eta, decay, steps),  \
      PREDICTED("with replacement", GREEN, group_, data_, batch, BIASCOPE_REPLACEMENT, b1, b2, eta, decay, steps)
/* The margins of Iris are so small that only larger steps settle; the predicted limit is that of small ones. With
 * batches of 10 and little memory, steps of 0.3 lead to another limit that attracts too. */
static const bs_series FIG5_SERIES[] = {EACH_ORDER(1, BS_FIGURE_GAUSSIAN, 1, 0.9, 0.95, 0.1, 0.5, 2000000),
                                        EACH_ORDER(2, BS_FIGURE_REAL, 1, 0.9, 0.95, 1.0, 0.25, 2000000)};
static const bs_series FIG6_SERIES[] = {EACH_ORDER(1, BS_FIGURE_GAUSSIAN, 1, 0.0, 0.95, 0.02, 0.5, 10000000),
                                        EACH_ORDER(2, BS_FIGURE_REAL, 10, 0.0, 0.95, 0.2, 0.25, 2000000)};
#define LIMIT_PANELS(axis, gaussian, iris)                                                                             \
  {                                                                                                                    \
    {gaussian, BS_COSINE_L2, axis, 1}, {gaussian, BS_COSINE_LINF, axis, 1}, {gaussian, BS_COSINE_PROXY, axis, 1},      \
        {iris, BS_COSINE_L2, axis, 2}, {iris, BS_COSINE_LINF, axis, 2}, {iris, BS_COSINE_PROXY, axis, 2},              \
  }
static const bs_panel FIG5_PANELS[] = LIMIT_PANELS(BS_AXIS_BATCH_SIZE, "Gaussian 10 × 50", "iris");
static const bs_panel FIG6_PANELS[] =
    LIMIT_PANELS(BS_AXIS_BETA2, "Gaussian 10 × 50, batch size 1", "iris, batch size 10");
static const double BATCH_SIZES[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 50, 100, 150, -1};
static const double BETA2S[] = {0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, -1};
static const bs_claim LIMIT_CLAIMS[] = {
    {"the predicted limit is where training goes: Gaussian", BS_COSINE_PREDICTED, 0, 3, BS_AT_LEAST, 0.9999, 0, 0},
    {"the predicted limit is where training goes: iris", BS_COSINE_PREDICTED, 3, 3, BS_AT_LEAST, 0.99, 0, 0},
};

/* ---- fig7: noise on the full gradient in place of batches -------------------------------------- */

#define FIG7(name, colour_, kind, b1, b2, shape)                                                                       \
  {                                                                                                                    \
    (name), (colour_), 0, BS_FIGURE_GAUSSIAN,                                                                          \
        {.optimizer = (kind),                                                                                          \
         .loss = BIASCOPE_LOGISTIC,                                                                                    \
         .beta1 = (b1),                                                                                                \
         .beta2 = (b2),                                                                                                \
         .lr = 0.1,                                                                                                    \
         .lr_decay = 0.5,                                                                                              \
         .noise_shape = (shape)},                                                                                      \
        NOISY                                                                                                          \
  }
static const uint64_t NOISY = 500000;
static const bs_series FIG7_SERIES[] = {
    FIG7("Adam, isotropic noise", BLUE, BIASCOPE_ADAM, 0.9, 0.95, BIASCOPE_NOISE_ISOTROPIC),
    FIG7("Adam, the samples' covariance", VERMILLION, BIASCOPE_ADAM, 0.9, 0.95, BIASCOPE_NOISE_SAMPLES),
    FIG7("SignGD, isotropic noise", SKY, BIASCOPE_SIGNGD, 0, 0, BIASCOPE_NOISE_ISOTROPIC),
    FIG7("SignGD, the samples' covariance", ORANGE, BIASCOPE_SIGNGD, 0, 0, BIASCOPE_NOISE_SAMPLES),
};
static const bs_panel FIG7_PANELS[] = {
    {"", BS_COSINE_L2, BS_AXIS_NOISE, 0},
    {"", BS_COSINE_LINF, BS_AXIS_NOISE, 0},
    {"", BS_COSINE_PROXY, BS_AXIS_NOISE, 0},
};
static const double NOISES[] = {0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, -1};
static const bs_claim FIG7_CLAIMS[] = {
    {"isotropic noise well beyond the gradient's size ends at the l2 max margin", BS_COSINE_L2, 0, 1, BS_AT_LEAST,
     0.999, 0, 10},
    {"little isotropic noise leaves the full batch's linf max margin", BS_COSINE_LINF, 0, 1, BS_AT_LEAST, 0.99, 0,
     0.01},
    {"noise of the samples' covariance ends where batch size 1 does", BS_COSINE_L2, 1, 1, BS_NEAR, 0.974, 0.005, 1},
};

/* ---- fig8: Muon's limit with three classes against batch size and momentum ----------------------- */

/* Not the paper's: no theorem says where Muon ends with mini-batches. */
#define FIG8(name, colour_, kind, b1, b2)                                                                              \
  { (name), (colour_), 0, BS_FIGURE_CLASSES, TRAINING(kind, 1, BIASCOPE_CYCLIC, b1, b2, 0.1, 0.4), 1000000 }
static const bs_series FIG8_SERIES[] = {
    FIG8("Muon, β = 0.9", BLUE, BIASCOPE_MUON, 0.9, 0),
    FIG8("Muon, β = 0.95", VERMILLION, BIASCOPE_MUON, 0.95, 0),
    FIG8("Muon, β = 0.99", GREEN, BIASCOPE_MUON, 0.99, 0),
};
static const bs_panel FIG8_PANELS[] = {
    {"three classes, 40 × 10", BS_FRACTION_SPECTRAL, BS_AXIS_BATCH_SIZE, 0},
    {"three classes, 40 × 10", BS_COSINE_SPECTRAL, BS_AXIS_BATCH_SIZE, 0},
};
static const double FIG8_BATCH_SIZES[] = {1, 2, 4, 8, 10, 20, 40, -1};
static const bs_claim FIG8_CLAIMS[] = {
    {"the predicted limit is where Muon goes (not a claim of the paper)", BS_COSINE_PREDICTED, 0, 3, BS_AT_LEAST, 0.999,
     0, 0},
    {"full-batch Muon finds the spectral max margin (Fan et al. 2025)", BS_FRACTION_SPECTRAL, 0, 3, BS_AT_LEAST, 0.99,
     0, 40},
};

/* ---- fig9: Adam, Muon and normalised gradient descent on ten digits --------------------------------- */

/* Not the paper's. The limits of the full batch are the max margins of three norms. */
#define FIG9(name, colour_, kind, b1, b2, eta)                                                                         \
  { (name), (colour_), 0, BS_FIGURE_DIGITS, TRAINING(kind, FULL, BIASCOPE_CYCLIC, b1, b2, eta, 0.5), 6000 }
static const bs_series FIG9_SERIES[] = {
    FIG9("normalised gradient descent", BLACK, BIASCOPE_NGD, 0, 0, 20),
    FIG9("Adam", BLUE, BIASCOPE_ADAM, 0.9, 0.95, 0.2),
    FIG9("Muon", VERMILLION, BIASCOPE_MUON, 0.95, 0, 2),
};
static const bs_panel FIG9_PANELS[] = {
    {"", BS_FRACTION_L2, BS_AXIS_STEP, 0},       {"", BS_FRACTION_LINF, BS_AXIS_STEP, 0},
    {"", BS_FRACTION_SPECTRAL, BS_AXIS_STEP, 0}, {"", BS_FRACTION_NUCLEAR, BS_AXIS_STEP, 0},
    {"", BS_FRACTION_L1, BS_AXIS_STEP, 0},       {"", BS_ACCURACY, BS_AXIS_STEP, 0},
};
static const bs_claim FIG9_CLAIMS[] = {
    {"normalised gradient descent nears the l2 max margin of ten digits", BS_COSINE_L2, 0, 1, BS_AT_LEAST, 0.97, 0, 0},
    {"full-batch Adam nears the linf max margin of ten digits (Zhang et al. 2024)", BS_FRACTION_LINF, 1, 1, BS_AT_LEAST,
     0.85, 0, 0},
    {"full-batch Muon nears the spectral max margin of ten digits (Fan et al. 2025)", BS_FRACTION_SPECTRAL, 2, 1,
     BS_AT_LEAST, 0.9, 0, 0},
};

static const double TRACE_ONCE[] = {0, -1}; /* the step is not an option: one run draws the curve */

#define PARTS(series_, panels_, columns, claims_)                                                                      \
  .series = (series_), .series_count = COUNT(series_), .panels = (panels_), .panel_count = COUNT(panels_),             \
  .panel_columns = (columns), .claims = (claims_), .claim_count = COUNT(claims_)

const bs_figure BS_FIGURES[] = {
    {"fig1", "Adam on Gaussian data: the batch size decides the limit", BS_AXIS_STEP, TRACE_ONCE,
     PARTS(FIG1_SERIES, FIG1_PANELS, 3, FIG1_CLAIMS)},
    {"fig2", "Adam on generalised Rademacher data", BS_AXIS_STEP, TRACE_ONCE,
     PARTS(FIG2_SERIES, FIG2_PANELS, 2, FIG2_CLAIMS)},
    {"fig3", "Adam on Gaussian data and the AdamProxy fixed point", BS_AXIS_STEP, TRACE_ONCE,
     PARTS(FIG3_SERIES, FIG3_PANELS, 3, FIG3_CLAIMS)},
    {"fig4", "Signum at batch size 1: momentum restores the ℓ_∞ margin", BS_AXIS_STEP, TRACE_ONCE,
     PARTS(FIG4_SERIES, FIG4_PANELS, 2, FIG4_CLAIMS)},
    {"fig5", "The limit against the batch size: predicted (lines) and simulated (dots)", BS_AXIS_BATCH_SIZE,
     BATCH_SIZES, PARTS(FIG5_SERIES, FIG5_PANELS, 3, LIMIT_CLAIMS)},
    {"fig6", "The limit against β_2: predicted (lines) and simulated (dots)", BS_AXIS_BETA2, BETA2S,
     PARTS(FIG6_SERIES, FIG6_PANELS, 3, LIMIT_CLAIMS)},
    {"fig7", "Gaussian noise on the full gradient: its covariance decides the direction", BS_AXIS_NOISE, NOISES,
     PARTS(FIG7_SERIES, FIG7_PANELS, 3, FIG7_CLAIMS)},
    {"fig8", "Muon with three classes: predicted (lines) and simulated (dots)", BS_AXIS_BATCH_SIZE, FIG8_BATCH_SIZES,
     PARTS(FIG8_SERIES, FIG8_PANELS, 2, FIG8_CLAIMS)},
    {"fig9", "Ten digits, full batch: margins in five norms, and accuracy, on the way to the limits", BS_AXIS_STEP,
     TRACE_ONCE, PARTS(FIG9_SERIES, FIG9_PANELS, 3, FIG9_CLAIMS), .per_decade = 5},
};
const size_t BS_FIGURE_COUNT = COUNT(BS_FIGURES);
