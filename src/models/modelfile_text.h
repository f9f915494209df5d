#pragma once

#include <string>

#include "base/json.h"
#include "models/model_store.h"

// Installed models as people read them. Threads: any.
namespace moat::models {

// One line a parameter, `key` padded to 30 columns, strings quoted; a list takes a line an item.
std::string parameters_text(const json::Object& parameters);

// A Modelfile that would make `model` again; FROM is the path of its blob.
std::string modelfile_text(const Model& model);

}  // namespace moat::models
