// The parts inside a Word document: the input is document, styles and numbering, parted by lines of
// "----", in an archive without compression.
#include <array>
#include <string>

#include "adapters/ooxml/docx_parser.h"
#include "document_fuzz.h"

namespace {

std::string little_endian(std::uint64_t value, int bytes) {
    std::string out;
    for (int i = 0; i < bytes; ++i)
        out += static_cast<char>(value >> (8 * i) & 0xFFU);
    return out;
}

std::uint32_t crc32(const std::string& data) {
    std::uint32_t crc = 0xFFFFFFFFU;
    for (const char byte : data) {
        crc ^= static_cast<unsigned char>(byte);
        for (int bit = 0; bit < 8; ++bit)
            crc = crc >> 1U ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
    }
    return ~crc;
}

// An archive of stored members (APPNOTE.TXT, 4.3).
class Archive {
  public:
    void add(const std::string& name, const std::string& data) {
        const std::string common =
            little_endian(10, 2) + little_endian(0, 2) + little_endian(0, 2) + little_endian(0, 4) +
            little_endian(crc32(data), 4) + little_endian(data.size(), 4) +
            little_endian(data.size(), 4) + little_endian(name.size(), 2) + little_endian(0, 2);
        directory_ += "PK\x01\x02" + little_endian(20, 2) + common + little_endian(0, 2) +
                      little_endian(0, 2) + little_endian(0, 2) + little_endian(0, 4) +
                      little_endian(bytes_.size(), 4) + name;
        bytes_ += "PK\x03\x04" + common + name + data;
        ++count_;
    }
    std::string bytes() const {
        return bytes_ + directory_ + "PK\x05\x06" + little_endian(0, 4) + little_endian(count_, 2) +
               little_endian(count_, 2) + little_endian(directory_.size(), 4) +
               little_endian(bytes_.size(), 4) + little_endian(0, 2);
    }

  private:
    std::string bytes_;
    std::string directory_;
    std::uint64_t count_ = 0;
};

constexpr const char* kRelationships =
    "<Relationships><Relationship Type='x/officeDocument' Target='word/document.xml'/>"
    "<Relationship Type='x/styles' Target='styles.xml'/>"
    "<Relationship Type='x/numbering' Target='numbering.xml'/></Relationships>";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const moat::adapters::DocxParser parser;
    std::string input(reinterpret_cast<const char*>(data), size);
    Archive archive;
    archive.add("_rels/.rels", kRelationships);
    archive.add("word/_rels/document.xml.rels", kRelationships);
    for (const char* name : {"word/document.xml", "word/styles.xml", "word/numbering.xml"}) {
        const std::size_t end = std::min(input.find("----\n"), input.size());
        archive.add(name, input.substr(0, end));
        input.erase(0, std::min(end + 5, input.size()));
    }
    const std::string bytes = archive.bytes();
    moat::fuzz::parse_and_check(
        parser, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()
    );
    return 0;
}
