#pragma once

#include "answers/answerer.h"
#include "base/json.h"
#include "knowledge/knowledge_bases.h"

// The objects of Moat's API as JSON (docs/openapi.yaml). Threads: any (pure).
namespace moat::api::moat_api {

json::Object to_json(const knowledge::KnowledgeBase& base);
json::Object to_json(const knowledge::DocumentRecord& record);
// With score, keyword_score and similarity where there are any.
json::Object to_json(const knowledge::Passage& passage);
// The data of `done`.
json::Object to_json(const answers::Answer& answer);
// `turns`: whether to show them.
json::Object to_json(const answers::Conversation& conversation, bool turns);

}  // namespace moat::api::moat_api
