#include "adapters/ooxml/xml.h"

#include <fmt/format.h>

namespace moat::adapters {
namespace {

std::string_view without_prefix(std::string_view name) {
    const std::size_t colon = name.find(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

}  // namespace

Result<pugi::xml_document> read_xml(ZipArchive& archive, const std::string& name) {
    TRY_ASSIGN(const std::string text, archive.read(name));
    pugi::xml_document document;
    const unsigned flags = pugi::parse_default | pugi::parse_ws_pcdata | pugi::parse_doctype;
    const pugi::xml_parse_result parsed = document.load_buffer(text.data(), text.size(), flags);
    if (parsed.status == pugi::status_out_of_memory)
        return Error{ErrorCode::too_large, fmt::format("has a part {} that is too large", name)};
    for (const pugi::xml_node& node : document) {
        if (node.type() == pugi::node_doctype) {
            return Error{
                ErrorCode::unsupported,
                fmt::format("declares a DOCTYPE in its part {}, which may hide an attack", name)
            };
        }
    }
    if (!parsed) {
        return Error{
            ErrorCode::corrupt, fmt::format("has a broken part {}: {}", name, parsed.description())
        };
    }
    return document;
}

std::string_view local_name(const pugi::xml_node& node) {
    return without_prefix(node.name());
}

pugi::xml_node child(const pugi::xml_node& node, std::string_view name) {
    for (const pugi::xml_node& inner : node) {
        if (local_name(inner) == name) return inner;
    }
    return {};
}

std::string_view attribute(const pugi::xml_node& node, std::string_view name) {
    for (const pugi::xml_attribute& inner : node.attributes()) {
        if (without_prefix(inner.name()) == name) return inner.value();
    }
    return "";
}

std::string_view child_value(const pugi::xml_node& node, std::string_view name) {
    return attribute(child(node, name), "val");
}

bool is_on(const pugi::xml_node& node, std::string_view name) {
    const pugi::xml_node inner = child(node, name);
    if (!inner) return false;
    const std::string_view value = attribute(inner, "val");
    return value != "0" && value != "false" && value != "off";
}

}  // namespace moat::adapters
