#include "knowledge/passage_json.h"

namespace moat::knowledge {

json::Array regions_to_json(const std::vector<documents::Region>& regions) {
    json::Array array;
    for (const documents::Region& region : regions) {
        json::Object object;
        object["page"] = region.page;
        object["left"] = region.box.left;
        object["top"] = region.box.top;
        object["right"] = region.box.right;
        object["bottom"] = region.box.bottom;
        array.emplace_back(std::move(object));
    }
    return array;
}

std::vector<documents::Region> regions_from_json(const json::Value& value) {
    std::vector<documents::Region> regions;
    if (!value.is_array()) return regions;
    for (const json::Value& item : value.get_array()) {
        const auto number = [&item](std::string_view key) {
            return static_cast<float>(json::number_or(item, key, 0));
        };
        documents::Region region;
        region.page = static_cast<int>(json::int_or(item, "page", 0));
        region.box = {number("left"), number("top"), number("right"), number("bottom")};
        regions.push_back(region);
    }
    return regions;
}

}  // namespace moat::knowledge
