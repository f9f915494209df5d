#include "documents/document_json.h"

#include <algorithm>
#include <array>

namespace moat::documents {
namespace {

constexpr std::array<std::string_view, 6> kKinds = {
    "heading", "paragraph", "list_item", "table_row", "code", "record"
};

const Error kMalformed{ErrorCode::corrupt, "the parser process sent a malformed block"};

json::Array to_array(const std::vector<std::string>& texts) {
    json::Array out;
    out.reserve(texts.size());
    for (const std::string& text : texts)
        out.emplace_back(text);
    return out;
}

Status read_texts(const json::Value& value, std::string_view key, std::vector<std::string>& out) {
    const json::Array* array = json::find_array(value, key);
    if (array == nullptr) return Ok{};
    for (const json::Value& item : *array) {
        if (!item.is_string()) return kMalformed;
        out.emplace_back(json::view(item.get_string()));
    }
    return Ok{};
}

Status read_box(const json::Value& value, Block& block) {
    const json::Array* array = json::find_array(value, "box");
    if (array == nullptr) return Ok{};
    std::array<float, 4> edges{};
    if (array->size() != edges.size()) return kMalformed;
    for (std::size_t i = 0; i < edges.size(); ++i) {
        const json::Value& edge = (*array)[i];
        if (edge.is_double()) {
            edges[i] = static_cast<float>(edge.get_double());
        } else if (edge.is_int64()) {
            edges[i] = static_cast<float>(edge.get_int64());
        } else {
            return kMalformed;
        }
    }
    block.box = Box{edges[0], edges[1], edges[2], edges[3]};
    return Ok{};
}

Status read_fields(const json::Value& value, Block& block) {
    const json::Array* array = json::find_array(value, "fields");
    if (array == nullptr) return Ok{};
    for (const json::Value& item : *array) {
        const bool pair = item.is_array() && item.get_array().size() == 2 &&
                          item.get_array()[0].is_string() && item.get_array()[1].is_string();
        if (!pair) return kMalformed;
        block.fields.emplace_back(
            json::view(item.get_array()[0].get_string()),
            json::view(item.get_array()[1].get_string())
        );
    }
    return Ok{};
}

// Boxes are read by people and programs that draw: a hundredth of a point is enough.
double rounded(float points) {
    return static_cast<double>(static_cast<long>(points * 100 + (points < 0 ? -0.5F : 0.5F))) / 100;
}

}  // namespace

std::string_view to_string(BlockKind kind) {
    return kKinds[static_cast<std::size_t>(kind)];
}

json::Object to_json(const Block& block) {
    json::Object out;
    out["kind"] = to_string(block.kind);
    out["text"] = block.text;
    if (block.level != 0) out["level"] = block.level;
    if (!block.headings.empty()) out["headings"] = to_array(block.headings);
    if (block.page != 0) out["page"] = block.page;
    if (block.box) {
        const Box& box = *block.box;
        out["box"] = json::Array{
            rounded(box.left), rounded(box.top), rounded(box.right), rounded(box.bottom)
        };
    }
    if (!block.fields.empty()) {
        json::Array fields;
        for (const auto& [name, value] : block.fields)
            fields.push_back(json::Array{json::Value(name), json::Value(value)});
        out["fields"] = std::move(fields);
    }
    return out;
}

Result<Block> block_from_json(const json::Value& value) {
    Block block;
    const std::string kind = json::string_or(value, "kind");
    const auto found = std::ranges::find(kKinds, kind);
    const json::String* text = json::find_string(value, "text");
    if (found == kKinds.end() || text == nullptr) return kMalformed;
    block.kind = static_cast<BlockKind>(found - kKinds.begin());
    block.text = json::view(*text);
    block.level = static_cast<int>(std::clamp<std::int64_t>(json::int_or(value, "level", 0), 0, 6));
    block.page =
        static_cast<int>(std::clamp<std::int64_t>(json::int_or(value, "page", 0), 0, 1 << 30));
    TRY(read_texts(value, "headings", block.headings));
    TRY(read_box(value, block));
    TRY(read_fields(value, block));
    return block;
}

json::Object to_json(const Document& document) {
    return {
        {"title", document.title},
        {"media_type", document.media_type},
        {"pages", document.pages},
        {"warnings", to_array(document.warnings)},
    };
}

Result<Document> document_from_json(const json::Value& value) {
    Document document;
    document.title = json::string_or(value, "title");
    document.media_type = json::string_or(value, "media_type");
    document.pages =
        static_cast<int>(std::clamp<std::int64_t>(json::int_or(value, "pages", 0), 0, 1 << 30));
    TRY(read_texts(value, "warnings", document.warnings));
    return document;
}

}  // namespace moat::documents
