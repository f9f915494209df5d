#pragma once

#include <memory>

#include "index/stemmer.h"

namespace moat::adapters::snowball {

// English stems by Snowball's algorithm of that name (Porter2).
std::shared_ptr<const index::Stemmer> make_english_stemmer();

}  // namespace moat::adapters::snowball
