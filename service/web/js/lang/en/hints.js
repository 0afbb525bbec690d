/** What diagnostics say, word for word: a text of the server is found by its form, and told in the language of the page. */

export default {
  "hint.diverged": "the loss became infinite: the learning rate {rate} is probably too high",
  "hint.loss_rises_end": "the loss rose from {first} to {last}; the learning rate {rate} is probably too high",
  "hint.loss_rises_row":
    "the loss rose {count} logged points in a row, up to step {step}; the learning rate {rate} is probably too high",
  "hint.loss_jumps":
    "the loss jumped up by more than 5 % at {jumps} of the last {count} logged points; the learning rate {rate} is probably too high",
  "hint.loss_stuck_init":
    "the loss has barely moved and is {loss}, near the {chance} of guessing; initial weights of 0.01·randn are too small for a deep net",
  "hint.loss_stuck":
    "the loss has barely moved and is {loss}, near the {chance} of guessing; the learning rate {rate} is probably too low",
  "hint.dead_relus": "{dead} of {units} ReLUs of hidden layer {layer} are active for no example and learn nothing",
  "hint.overfitting":
    "since step {step} the held-out loss has risen from {best} to {last} while the training loss fell: the model learns its examples by heart",
  "hint.first_loss": "before training the data loss is {loss}, far from {name} = {expected}: the first scores are not small",
  "hint.feature_scales": "the features' standard deviations go from {low} to {high}: no learning rate suits them all",
  "hint.update_ratio_large": "the last update was {ratio} of the parameters, about 1e-3 is usual: the steps are large",
  "hint.update_ratio_small": "the last update was {ratio} of the parameters, about 1e-3 is usual: the steps are small",
  "hint.never_predicted": "never predicted: {names}, though the data holds examples of it",
  "hint.gradient_wrong": "the gradient differs from the numeric one by {error}: this is a mistake of the program",
  "advice.fork": "fork the run with learning_rate {rate}",
  "advice.fork_or_mlp": "fork the run with learning_rate {rate}, or try an mlp: no straight line may separate these classes",
  "advice.init": "set model.init to \"{init}\"",
  "advice.train_anew": "train anew with learning_rate {rate}, or with tanh: they rarely come back",
  "advice.best": "use the checkpoint best (near step {step}), or train with reg {reg}",
  "advice.standardize_large": "set training.standardize to true: the features are probably large",
  "advice.extremes": "look for extreme values in the data",
  "advice.standardize": "set training.standardize to true",
  "advice.rate": "try learning_rate {rate}",
  "advice.rate_unless": "try learning_rate {rate}, unless the loss has come to rest where it should",
  "advice.longer": "if nothing else is wrong, train longer or give the class more examples",
  "advice.report": "report it, with the run's spec",
  "note.at_kinks":
    "every example has an input of a ReLU, or a margin, within {distance} of the kink, where a difference is no derivative: try another checkpoint",
  "note.flat": "the gradient is so small here that rounding decides: try an earlier checkpoint",
};
