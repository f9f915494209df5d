#include "answers/source_json.h"

#include <string>

#include "knowledge/passage_json.h"

namespace moat::answers {
namespace {

json::Array strings(const std::vector<std::string>& texts) {
    json::Array array;
    for (const std::string& text : texts)
        array.emplace_back(text);
    return array;
}

std::vector<std::string> strings_of(const json::Value& value, std::string_view key) {
    std::vector<std::string> texts;
    const json::Array* array = json::find_array(value, key);
    if (array == nullptr) return texts;
    for (const json::Value& item : *array)
        if (item.is_string()) texts.emplace_back(json::view(item.get_string()));
    return texts;
}

Source source_of(const json::Value& value) {
    Source source;
    source.index = static_cast<int>(json::int_or(value, "index", 0));
    source.knowledge_base = json::string_or(value, "kb");
    source.document_id = json::string_or(value, "document_id");
    source.document = json::string_or(value, "document");
    source.title = json::string_or(value, "title");
    source.headings = strings_of(value, "headings");
    source.page = static_cast<int>(json::int_or(value, "page", 0));
    if (const json::Value* regions = json::find(value, "regions"))
        source.regions = knowledge::regions_from_json(*regions);
    source.quotes = strings_of(value, "quotes");
    source.text = json::string_or(value, "text");
    source.first_block = static_cast<std::size_t>(json::int_or(value, "first_block", 0));
    source.last_block = static_cast<std::size_t>(json::int_or(value, "last_block", 0));
    source.score = static_cast<float>(json::number_or(value, "score", 0));
    return source;
}

}  // namespace

json::Object to_json(const Source& source) {
    json::Object object;
    object["index"] = source.index;
    object["title"] = source.title;
    object["document"] = source.document;
    object["document_id"] = source.document_id;
    object["kb"] = source.knowledge_base;
    object["headings"] = strings(source.headings);
    object["category"] = source.headings.empty() ? std::string() : source.headings.back();
    object["page"] = source.page;
    object["regions"] = knowledge::regions_to_json(source.regions);
    object["quotes"] = strings(source.quotes);
    object["text"] = source.text;
    object["first_block"] = source.first_block;
    object["last_block"] = source.last_block;
    object["score"] = source.score;
    return object;
}

json::Array to_json(const std::vector<Source>& sources) {
    json::Array array;
    for (const Source& source : sources)
        array.emplace_back(to_json(source));
    return array;
}

std::vector<Source> sources_from_json(const json::Value& value) {
    std::vector<Source> sources;
    if (!value.is_array()) return sources;
    for (const json::Value& item : value.get_array())
        sources.push_back(source_of(item));
    return sources;
}

}  // namespace moat::answers
