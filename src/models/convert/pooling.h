#pragma once

#include "base/result.h"
#include "models/convert/family.h"
#include "models/convert/model_folder.h"
#include "models/gguf_writer.h"

namespace moat::models {

// Writes how a model makes one vector of those of its tokens (<architecture>.pooling_type), as the
// folder's modules.json has it for sentence-transformers; an encoder that says nothing takes their
// mean, as that library does. Whether vectors have length one is the caller's wish at run time.
// Threads: any. Errors: invalid_argument, unsupported (another way, or layers after it).
Status write_pooling(const ModelFolder& folder, const Family& family, GgufHead& head);

}  // namespace moat::models
