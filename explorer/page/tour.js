// The guided tour: eight steps, each sets the controls and says what to look at.
import { PRESETS } from "./state.js";

const plane = (preset, options, shown) => ({ view: "plane", points: PRESETS[preset].points(), intercept: PRESETS[preset].intercept, options, shown });
const many = (data, options, shown, steps = 1e6) => ({ view: "many", data, options, shown, steps });

// Two sentences each. tests/ holds every claim against the numbers that the page computes.
export const TOUR = [
  { title: "Gradient descent finds the ℓ₂ max margin",
    text: "Many lines separate these points, and gradient descent drifts to one of them: the line farthest from the points in the ordinary sense, ℓ₂. Watch the black line of training approach the ℓ₂ line, slowly, as the logarithm of the steps.",
    set: plane("clouds", { optimizer: "gd", batch_size: "full", lr: "0.3", lr_decay: "0" }, ["training", "limit", "l2", "linf"]) },
  { title: "Adam on all the data finds another one",
    text: "Only the optimizer has changed, and training now goes to the ℓ∞ max margin: Adam steps by signs, which measure length by the largest weight. Compare the black line with the ℓ∞ line, and the two margin strips.",
    set: plane("clouds", { optimizer: "adam", batch_size: "full", beta1: "0.9", beta2: "0.95", lr: "0.1", lr_decay: "0.5" }, ["training", "limit", "l2", "linf"]) },
  { title: "One sample a step: neither",
    text: "Here are 10 samples in 50 dimensions, and Adam sees one of them in each step: its direction settles near neither ℓ₂ nor ℓ∞. The dashed levels were computed without training, and the curves run into them.",
    set: many("gaussian", { optimizer: "adam", batch_size: "1", order: "cyclic", beta1: "0.9", beta2: "0.95", lr: "0.1", lr_decay: "0.5" }, ["l2", "linf", "limit"]) },
  { title: "The batch size decides",
    text: "The limit moves from one to the other as batches grow: press “Fill the diagram” and read it from left to right. Each cell is a predicted limit for one batch size and one β₂; press a cell to train with it.",
    set: many("gaussian", { optimizer: "adam", batch_size: "5", order: "cyclic", beta1: "0.9", beta2: "0.95", lr: "0.1", lr_decay: "0.5" }, ["l2", "linf", "limit"]) },
  { title: "Signum needs momentum",
    text: "Signum takes the sign of an average of gradients, and with enough momentum it comes close to ℓ∞ even with one sample a step. Move β₁ from 0.99 down to 0 and watch the limit leave ℓ∞.",
    set: many("gaussian", { optimizer: "signum", batch_size: "1", order: "cyclic", beta1: "0.99", lr: "0.1", lr_decay: "0.5" }, ["l2", "linf", "limit"]) },
  { title: "ε takes over in the end",
    text: "As the gradients shrink, √v falls to ε, and from there on Adam is gradient descent. The cosine with ℓ∞ rises first and then falls while ℓ₂ takes over, and the predicted limit is ℓ₂.",
    set: many("gaussian", { optimizer: "adam", batch_size: "full", beta1: "0.9", beta2: "0.95", eps: "1e-10", lr: "0.1", lr_decay: "0.5" }, ["l2", "linf", "limit"], 1e7) },
  { title: "Weight decay stops the growth",
    text: "AdamW shrinks the weights a little in each step, so that they cannot grow without end. Training comes to rest, and the page says so instead of naming a limit direction.",
    set: plane("clouds", { optimizer: "adamw", batch_size: "full", beta1: "0.9", beta2: "0.95", weight_decay: "0.1", lr: "0.1", lr_decay: "0.5" }, ["training", "l2", "linf"]) },
  { title: "Several classes, and Muon",
    text: "With five classes the weights are a matrix, and Muon steps along all its singular directions alike. Training goes to the max margin of the spectral norm, which is none of the norms of the entries.",
    set: plane("five", { optimizer: "muon", batch_size: "full", beta1: "0.9", lr: "0.1", lr_decay: "0.5" }, ["training", "limit", "l2", "spectral"]) },
];
