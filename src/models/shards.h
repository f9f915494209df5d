#pragma once

#include <string>
#include <vector>

#include "models/manifest.h"
#include "models/model_facts.h"

// The files of one model: a single GGUF, or several shards (name-00001-of-00003.gguf) that each
// say which part of how many they are. Threads: any.
namespace moat::models {

struct WeightFile {
    std::string name;  // for people
    Layer layer;
    ModelFacts facts;
};

// Puts shards into their order, which is the order llama.cpp loads them in; what the files say
// counts, not their names. Errors: invalid_argument when parts are missing, doubled or of different
// models, or when there is more than one model.
Status order_shards(std::vector<WeightFile>& files);

}  // namespace moat::models
