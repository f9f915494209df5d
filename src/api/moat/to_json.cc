#include "api/moat/to_json.h"

#include <chrono>

#include "answers/source_json.h"
#include "base/clock.h"
#include "knowledge/catalog.h"
#include "knowledge/passage_json.h"

namespace moat::api::moat_api {
namespace {

json::Array strings(const std::vector<std::string>& texts) {
    json::Array array;
    for (const std::string& text : texts)
        array.emplace_back(text);
    return array;
}

std::string_view name_of(answers::Mode mode) {
    switch (mode) {
        case answers::Mode::generated:
            return "generated";
        case answers::Mode::quoted:
            return "quoted";
        case answers::Mode::nothing_found:
            return "nothing_found";
        case answers::Mode::chat:
            return "chat";
    }
    return "";
}

double milliseconds(Duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

}  // namespace

json::Object to_json(const knowledge::KnowledgeBase& base) {
    json::Object out;
    out["name"] = base.name;
    out["id"] = base.id;
    out["documents"] = base.documents;
    out["chunks"] = base.chunks;
    out["embedding_model"] = base.embedding_model;
    out["created_at"] = to_rfc3339(base.created_at);
    return out;
}

json::Object to_json(const knowledge::DocumentRecord& record) {
    json::Object out;
    out["id"] = record.id;
    out["name"] = record.name;
    out["media_type"] = record.media_type;
    out["sha256"] = record.sha256;
    out["bytes"] = record.bytes;
    out["stage"] = knowledge::to_string(record.stage);
    out["error"] = record.error;
    out["attempts"] = record.attempts;
    out["pages"] = record.pages;
    out["chunks"] = record.chunks;
    out["warnings"] = strings(record.warnings);
    out["updated_at"] = to_rfc3339(record.updated_at);
    return out;
}

json::Object to_json(const knowledge::Passage& passage) {
    json::Object out;
    out["text"] = passage.text;
    out["document"] = passage.document;
    out["document_id"] = passage.document_id;
    out["title"] = passage.title;
    out["headings"] = strings(passage.headings);
    out["first_page"] = passage.first_page;
    out["last_page"] = passage.last_page;
    out["first_block"] = passage.first_block;
    out["last_block"] = passage.last_block;
    out["regions"] = knowledge::regions_to_json(passage.regions);
    out["score"] = passage.score;
    if (passage.keyword_score) out["keyword_score"] = *passage.keyword_score;
    if (passage.similarity) out["similarity"] = *passage.similarity;
    return out;
}

json::Object to_json(const answers::Answer& answer) {
    json::Object out;
    out["status"] = "completed";
    out["conversation_id"] = answer.conversation_id;
    out["answer"] = answer.text;
    out["mode"] = name_of(answer.mode);
    out["model"] = answer.model;
    json::Array citations;
    for (const int index : answer.citations)
        citations.emplace_back(index);
    out["citations"] = std::move(citations);
    out["sources"] = answers::to_json(answer.sources);
    out["prompt_tokens"] = answer.prompt_tokens;
    out["generated_tokens"] = answer.generated_tokens;
    out["retrieve_ms"] = milliseconds(answer.retrieve);
    out["first_token_ms"] = milliseconds(answer.first_token);
    out["total_ms"] = milliseconds(answer.total);
    return out;
}

json::Object to_json(const answers::Conversation& conversation, bool turns) {
    json::Object out;
    out["id"] = conversation.id;
    out["title"] = conversation.title;
    out["kb"] = conversation.knowledge_base;
    out["updated_at"] = to_rfc3339(conversation.updated_at);
    if (!turns) return out;
    json::Array items;
    for (const answers::Turn& turn : conversation.turns) {
        json::Object item;
        item["role"] = turn.role;
        item["text"] = turn.text;
        item["at"] = to_rfc3339(turn.at);
        item["sources"] = answers::to_json(turn.sources);
        items.emplace_back(std::move(item));
    }
    out["turns"] = std::move(items);
    return out;
}

}  // namespace moat::api::moat_api
