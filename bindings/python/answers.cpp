#include "answers.h"

#include <cmath>

namespace {

constexpr std::pair<const char *, biascope_norm_kind> NORMS[] = {{"l2", BIASCOPE_L2},
                                                                 {"linf", BIASCOPE_LINF},
                                                                 {"l1", BIASCOPE_L1},
                                                                 {"lp", BIASCOPE_LP},
                                                                 {"mahalanobis", BIASCOPE_MAHALANOBIS},
                                                                 {"spectral", BIASCOPE_SPECTRAL},
                                                                 {"nuclear", BIASCOPE_NUCLEAR}};
constexpr const char *LIMIT_KINDS[] = {"direction", "rest", "runaway", "not separating", "unsettled"};

biascope_norm_kind kind_of(const std::string &name) {
  for (const auto &[known, kind] : NORMS)
    if (name == known) return kind;
  throw Failure{BIASCOPE_USAGE, "norm is '" + name + "'; expected l2, linf, l1, lp, mahalanobis, spectral or nuclear"};
}

/* Matrices of weights are k x d, and a sample of k > 2 classes has k - 1 entries in the dual. */
nb::dict margin_fields(const biascope_margin &found) {
  nb::dict fields;
  const bool flat = found.outputs <= 1;
  fields["margin"] = found.margin;
  fields["upper_bound"] = found.upper_bound;
  fields["gap"] = found.gap;
  fields["direction"] = array_of(found.direction, flat ? 1 : found.outputs, found.features, flat);
  fields["dual"] = array_of(found.dual, found.samples, found.samples ? found.rows / found.samples : 0, flat);
  fields["unique"] = found.unique;
  fields["face_dimension"] = found.face_dimension;
  return fields;
}

nb::dict prediction_fields(const biascope_prediction &found) {
  nb::dict fields;
  const bool flat = found.outputs <= 1;
  fields["direction"] = array_of(found.direction, flat ? 1 : found.outputs, found.features, flat);
  fields["dual"] = array_of(found.dual, found.samples, found.samples ? found.rows / found.samples : 0, flat);
  fields["gap"] = found.gap;
  fields["rate"] = found.rate;
  fields["standard_error"] = found.standard_error;
  fields["unique"] = found.unique;
  fields["handover_step"] = found.handover_step;
  fields["method"] = std::string(found.method ? found.method : "");
  fields["others"] = array_of(found.other_directions, found.others, found.outputs * found.features, false);
  fields["kind"] = LIMIT_KINDS[found.kind];
  fields["confirmed"] = found.confirmed;
  fields["confirmed_by"] = found.confirmed_by ? nb::object(nb::str(found.confirmed_by)) : nb::none();
  fields["increment_cosine"] = found.increment_cosine;
  return fields;
}

template <class Answer> nb::tuple answer_of(const Answer &found, const nb::dict &fields) {
  return nb::make_tuple(static_cast<int>(found.status), std::string(found.error.message), fields);
}

} // namespace

nb::tuple solve(const Data &data, const std::string &norm, double p, const std::optional<Vector> &metric,
                double tolerance, bool free_intercept, const nb::object &tick) {
  const auto find = free_intercept ? biascope_margin_solve_free_intercept : biascope_margin_solve;
  const auto found = std::make_shared<Found<biascope_margin, biascope_margin_free>>();
  const biascope_norm_kind kind = kind_of(norm);
  std::vector<double> entries;
  if (metric) entries.assign(metric->data(), metric->data() + metric->shape(0));
  compute(
      [=, set = data.set] {
        const biascope_norm asked = {kind, p, entries.empty() ? nullptr : entries.data()};
        const biascope_solve_options options = {tolerance, 0};
        found->status = find(set.get(), asked, &options, &found->value, &found->error);
      },
      tick);
  found->check_result();
  return answer_of(*found, margin_fields(found->value));
}

nb::tuple predict(const Data &data, const Options &training, size_t starts, double tolerance, int confirm,
                  const nb::object &tick) {
  const auto found = std::make_shared<Found<biascope_prediction, biascope_prediction_free>>();
  biascope_predict_options options = {};
  options.starts = starts;
  options.tolerance = tolerance;
  options.confirm = static_cast<biascope_confirm>(confirm);
  compute(
      [=, set = data.set, settings = training.options] {
        found->status = biascope_predict(set.get(), settings.get(), &options, &found->value, &found->error);
      },
      tick);
  found->check_result();
  return answer_of(*found, prediction_fields(found->value));
}

namespace {

struct Path {
  biascope_status status = BIASCOPE_OK;
  biascope_error error = {};
  biascope_forecast *forecast = nullptr;
  biascope_forecast_quality quality = {};
  std::vector<double> weights; /* at the last step */
  std::vector<double> measures;

  ~Path() { biascope_forecast_free(forecast); }

  void follow(const biascope_dataset *set, const biascope_options *training, const std::vector<uint64_t> &steps) {
    const size_t count = biascope_dataset_outputs(set) * biascope_dataset_features(set);
    status = biascope_forecast_create(set, training, steps.back(), &forecast, &error);
    for (size_t i = 0; i < steps.size() && status == BIASCOPE_OK; i++) {
      status = biascope_forecast_advance(forecast, steps[i], &error);
      if (status != BIASCOPE_OK) break;
      const double *w = biascope_forecast_weights(forecast);
      quality = biascope_forecast_quality_of(forecast);
      weights.assign(w, w + count);
      measures.insert(measures.end(), {quality.log_loss, quality.weight_norm, quality.margin, quality.accuracy});
    }
  }
};

} // namespace

nb::dict forecast(const Data &data, const Options &training, const std::vector<uint64_t> &steps,
                  const nb::object &tick) {
  const auto path = std::make_shared<Path>();
  compute([=, set = data.set, settings = training.options] { path->follow(set.get(), settings.get(), steps); }, tick);
  check(path->status, path->error);
  nb::dict fields;
  fields["weights"] = data.weights_of(path->weights.data());
  fields["measures"] = array_of(path->measures.data(), steps.size(), 4, false);
  fields["method"] = std::string(path->quality.method);
  fields["error_estimate"] = path->quality.error_estimate;
  fields["steps_taken"] = path->quality.steps_taken;
  return fields;
}

nb::dict measure(const Data &data, unsigned references, const Values &w, const nb::object &tick) {
  struct Measured {
    biascope_status status = BIASCOPE_OK;
    biascope_error error = {};
    biascope_measurement value = {};
  };
  const auto found = std::make_shared<Measured>();
  const std::vector<double> weights(w.data(), w.data() + w.size());
  const auto work = [=, problem = data.problem] {
    found->status =
        biascope_problem_measure(problem.get(), references, nullptr, weights.data(), &found->value, &found->error);
  };
  if (references == 0) { /* one pass over the data: a thread would take longer */
    const nb::gil_scoped_release release;
    work();
  } else {
    compute(work, tick);
  }
  check(found->status, found->error);
  nb::dict fields;
  for (size_t i = 0; i < biascope_measure_count(); i++) {
    const biascope_measure *row = biascope_measure_at(i);
    fields[row->name] = biascope_measure_of(row, &found->value);
  }
  for (size_t r = 0; r < BIASCOPE_REFERENCES; r++)
    fields[("angle_" + std::string(biascope_reference_name(r))).c_str()] = found->value.angle[r];
  return fields;
}

nb::tuple certify(const Data &data, const nb::object &tick) {
  struct Certificate {
    biascope_status status = BIASCOPE_OK;
    biascope_error error = {};
    const biascope_margin *margin = nullptr; /* the problem's */
  };
  const auto found = std::make_shared<Certificate>();
  compute(
      [=, problem = data.problem] {
        found->status = biascope_problem_separable(problem.get(), &found->margin, &found->error);
      },
      tick);
  if (!found->margin) throw Failure{found->status, found->error.message};
  return answer_of(*found, margin_fields(*found->margin));
}

std::vector<std::vector<int>> decide_pairs(const Data &data, const nb::object &tick) {
  struct Pairs {
    biascope_status status = BIASCOPE_OK;
    biascope_error error = {};
    std::vector<biascope_status> decision;
  };
  const size_t classes = biascope_dataset_classes(data.set.get());
  const auto found = std::make_shared<Pairs>();
  found->decision.resize(classes * classes);
  compute(
      [=, set = data.set] {
        found->status = biascope_classes_decide(set.get(), found->decision.data(), &found->error);
      },
      tick);
  check(found->status, found->error);
  std::vector<std::vector<int>> rows;
  for (size_t k = 0; k < classes; k++)
    rows.emplace_back(found->decision.data() + k * classes, found->decision.data() + (k + 1) * classes);
  return rows;
}

nb::dict find_parts(const Data &data, const std::string &loss, const nb::object &tick) {
  const auto found = std::make_shared<Found<biascope_parts, biascope_parts_free>>();
  const auto minimiser = std::make_shared<std::vector<double>>(data.features());
  const auto minimised = std::make_shared<biascope_status>(BIASCOPE_NOT_CONVERGED);
  compute(
      [=, set = data.set] {
        double residual;
        found->status = biascope_parts_find(set.get(), &found->value, &found->error);
        if (found->status == BIASCOPE_OK)
          *minimised = biascope_parts_minimise(set.get(), &found->value, loss.c_str(), minimiser->data(), &residual,
                                               &found->error);
      },
      tick);
  check(found->status, found->error);
  if (*minimised != BIASCOPE_OK && *minimised != BIASCOPE_NOT_CONVERGED)
    throw Failure{*minimised, found->error.message};
  const biascope_parts &parts = found->value;
  nb::dict fields;
  fields["separable"] = std::vector<bool>(parts.separable, parts.separable + parts.samples);
  fields["direction"] = array_of(parts.direction, 1, parts.features, true);
  fields["margin"] = parts.margin;
  fields["residual"] = parts.residual;
  fields["dual"] = array_of(parts.dual, 1, parts.samples, true);
  fields["minimiser"] =
      *minimised == BIASCOPE_OK ? array_of(minimiser->data(), 1, minimiser->size(), true) : nb::none();
  return fields;
}

nb::dict diagnose(const Data &data, const Options &training, const std::optional<std::string> &norm, double fraction,
                  uint64_t steps, const nb::object &tick) {
  const auto found = std::make_shared<Found<biascope_diagnosis, biascope_diagnosis_free>>();
  const biascope_norm_kind widest =
      biascope_options_norm(training.options.get(), biascope_dataset_outputs(data.set.get()));
  const biascope_goal goal = {norm ? kind_of(*norm) : widest, fraction, steps};
  compute(
      [=, set = data.set, settings = training.options] {
        found->status = biascope_diagnose(set.get(), settings.get(), &goal, &found->value, &found->error);
      },
      tick);
  check(found->status, found->error);
  const biascope_diagnosis &diagnosis = found->value;
  nb::dict fields, recommended;
  fields["limit"] = diagnosis.certified ? nb::object(prediction_fields(diagnosis.limit)) : nb::none();
  nb::dict reached;
  for (size_t n = 0; n < BIASCOPE_REFERENCE_NORMS; n++)
    if (biascope_dataset_references(data.set.get()) >> n & 1)
      reached[biascope_reference_name(n)] = diagnosis.fraction[n];
  fields["fraction"] = reached;
  fields["momentum_stale_until"] = diagnosis.momentum_stale_until;
  fields["second_moment_stale_until"] = diagnosis.second_moment_stale_until;
  fields["misalignment"] = diagnosis.misalignment;
  fields["guaranteed"] = diagnosis.guaranteed;
  fields["expected"] = diagnosis.expected;
  for (const char *name : {"beta1", "beta2", "lr", "lr_decay", "eps"}) {
    char value[64];
    if (biascope_options_reads(diagnosis.recommended, name) &&
        biascope_options_get(diagnosis.recommended, name, value, sizeof value, nullptr) == BIASCOPE_OK)
      recommended[name] = std::stod(value);
  }
  fields["recommended"] = recommended;
  return fields;
}
