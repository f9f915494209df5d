#!/usr/bin/env python3
"""Writes the examples that are no text files in UTF-8: two DOCX, one PDF, one GB18030 text.

    python3 examples/make_documents.py

Only the standard library is needed, and the same bytes come out every time. The results are in the
repository; run this after changing their content here.
"""

import pathlib
import zipfile
from xml.sax.saxutils import escape

FOLDER = pathlib.Path(__file__).parent / "documents"

REVIEW = [
    ("h1", "Product review LR-300, 18 March 2026"),
    ("p", "Present: Tomas Lindqvist (product), Marta Kowalczyk (calibration), Ren Jiawei (hardware), "
          "Aisha Okafor (sales), Femke de Boer (IT). Minutes: Aisha Okafor."),
    ("h2", "Schedule"),
    ("p", "The first production lot of the LR-300 moves from June to 14 September 2026, because the "
          "new flow cell failed the pressure test at 10 bar. Ren Jiawei orders the reinforced cell from "
          "the second supplier; samples arrive in week 17."),
    ("h2", "Price"),
    ("p", "The list price was set at 3,450 euros. Dealers in China receive a discount of 18 percent. "
          "Aisha Okafor informs the dealers before the fair in Shanghai."),
    ("h2", "Measuring range"),
    ("p", "The range stays at 0 to 4000 NTU, as for the LR-200. Marta Kowalczyk asked for a check at "
          "0.02 NTU, since two water works in Chengdu measure below the present limit of 0.05 NTU. The "
          "laboratory reports the result on 9 April."),
    ("h2", "Decisions and actions"),
    ("table", [
        ["No.", "Action", "Owner", "Due"],
        ["1", "Order the reinforced flow cell", "Ren Jiawei", "20 March 2026"],
        ["2", "Check linearity at 0.02 NTU", "Marta Kowalczyk", "9 April 2026"],
        ["3", "Move the web page of the analyser to TLS 1.3", "Femke de Boer", "30 April 2026"],
        ["4", "Tell the dealers the new price", "Aisha Okafor", "2 April 2026"],
    ]),
    ("p", "Next review: 22 April 2026, 10:00, room Canal."),
]

SAFETY = [
    ("h1", "2026年第二季度安全生产例会纪要"),
    ("p", "时间：2026年4月10日下午两点。地点：杭州一号楼会议室。主持：郑海涛（安全主管）。记录：方敏。"),
    ("h2", "一、上季度情况"),
    ("p", "一季度共发生轻微事故两起，均在总装车间，没有人员住院。3月5日叉车刮碰货架一次，已更换防撞护栏，费用为一万二千元。"),
    ("h2", "二、隐患整改"),
    ("p", "校准实验室的通风柜风速低于每秒零点五米，由设备科在4月30日前完成检修。检修期间禁止在通风柜内配制福尔马肼标准液。"),
    ("p", "成品仓库的应急照明有三处失效，由物业在一周内更换。"),
    ("h2", "三、演练与培训"),
    ("p", "全厂消防演练定于2026年5月20日上午十点举行，集合地点为西门停车场。新员工的安全培训时间由四小时增加到八小时，考核合格后方可上岗。"),
    ("h2", "四、任务分工"),
    ("table", [
        ["序号", "事项", "负责人", "期限"],
        ["1", "通风柜检修", "设备科 黄志强", "4月30日"],
        ["2", "更换应急照明", "物业 周莉", "4月17日"],
        ["3", "修订叉车通行路线", "物流部 何军", "5月8日"],
    ]),
    ("p", "下次例会：2026年7月9日。"),
]

RULES_GB18030 = """信息安全管理规定（摘要）

文件编号：LH-IT-011C　　2026年3月3日起施行

本规定为英文版《Network security rules》（it/network-security.html）的中文摘要，两者不一致时以英文版为准。

一、密码与登录
密码长度不少于十四位。怀疑密码泄露时应当立即修改。邮箱、VPN和存有客户数据的系统必须启用第二因素认证，不接受短信验证码。

二、远程接入
在公司以外只能通过WireGuard VPN接入，每次会话最长十二小时。禁止将远程桌面和SSH直接暴露在互联网上。

三、移动存储
公司电脑禁用U盘。向客户交付固件，应当使用一次性写入介质或下载门户。

四、事件报告
设备丢失、误点可疑邮件或者发现不明软件的，应当在一小时内报告安全值班室，内线2399，全天有人值守。不要关机，请断开网络并保持开机，以便检查内存。

五、数据备份
服务器每晚备份，备份保留三十五天；每月一日的备份保留一年。恢复演练每季度进行一次。

六、奖惩
主动报告自身失误的，不予处罚；隐瞒不报的，视情节给予警告或者降级处分。
"""

DATASHEET = [
    [
        ("title", "LR-200 online turbidity analyser"),
        ("body", "Data sheet DS-LR200, edition April 2026. Lanhe Instruments, Hangzhou and Rotterdam."),
        ("heading", "Use"),
        ("body", "The LR-200 measures the turbidity of drinking water and of filtered process water without"),
        ("body", "interruption. It follows ISO 7027-1: infrared light of 860 nm, scattered at 90 degrees."),
        ("heading", "Measuring"),
        ("body", "Measuring range: 0 to 4000 NTU, four ranges chosen automatically."),
        ("body", "Lower limit of detection: 0.05 NTU."),
        ("body", "Limits of error: 2 percent of the reading or 0.02 NTU, whichever is larger, up to 40 NTU;"),
        ("body", "5 percent of the reading above."),
        ("body", "Response time: 30 seconds at a flow of 0.5 litres per minute."),
        ("heading", "Sample"),
        ("body", "Flow 0.2 to 2 litres per minute, pressure up to 6 bar, temperature 0 to 50 degrees Celsius."),
    ],
    [
        ("heading", "Electrical and mechanical data"),
        ("body", "Supply: 100 to 240 V AC, 50 or 60 Hz, or 24 V DC. Power consumption: 18 W at most."),
        ("body", "Interfaces: RS-485 (Modbus RTU), Ethernet (Modbus TCP, web page), two outputs of 4 to 20 mA."),
        ("body", "Housing: ABS, protected to IP65. Weight: 4.2 kg. Size: 320 x 240 x 150 mm."),
        ("heading", "Ordering"),
        ("body", "LR-200-A with display: order number 61200. LR-200-B without display: order number 61210."),
        ("body", "Light source: LR-7710. Cuvette: LR-7725. Yearly maintenance kit: LR-7790."),
        ("heading", "Approvals"),
        ("body", "CE, RoHS. Pattern approval for use in water works in China: CPA 2025-F187."),
        ("body", "Calibration follows procedure QP-17 and is due every twelve months."),
    ],
]

DOCX_STATIC = {
    "[Content_Types].xml": '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/word/document.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>'
    '<Override PartName="/word/styles.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/></Types>',
    "_rels/.rels": '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
    'officeDocument" Target="word/document.xml"/></Relationships>',
    "word/_rels/document.xml.rels": '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
    'styles" Target="styles.xml"/></Relationships>',
}

WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def run(text):
    return f'<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def paragraph(text, style=None):
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{properties}{run(text)}</w:p>"


def table(rows):
    edges = "".join(
        f'<w:{edge} w:val="single" w:sz="4" w:space="0" w:color="auto"/>'
        for edge in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    body = "".join(
        "<w:tr>" + "".join(f"<w:tc><w:tcPr/>{paragraph(cell)}</w:tc>" for cell in row) + "</w:tr>"
        for row in rows
    )
    return f"<w:tbl><w:tblPr><w:tblBorders>{edges}</w:tblBorders></w:tblPr>{body}</w:tbl>"


def styles():
    def heading(level, half_points):
        return (
            f'<w:style w:type="paragraph" w:styleId="Heading{level}"><w:name w:val="heading {level}"/>'
            f'<w:pPr><w:outlineLvl w:val="{level - 1}"/></w:pPr>'
            f'<w:rPr><w:b/><w:sz w:val="{half_points}"/></w:rPr></w:style>'
        )

    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:styles {WORD}>'
        f"{heading(1, 36)}{heading(2, 28)}</w:styles>"
    )


def write_docx(path, parts):
    makers = {
        "h1": lambda text: paragraph(text, "Heading1"),
        "h2": lambda text: paragraph(text, "Heading2"),
        "p": paragraph,
        "table": table,
    }
    body = "".join(makers[kind](content) for kind, content in parts)
    document = (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f"<w:document {WORD}><w:body>{body}</w:body></w:document>"
    )
    files = DOCX_STATIC | {"word/document.xml": document, "word/styles.xml": styles()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            # A fixed date, so that the same content gives the same bytes.
            entry = zipfile.ZipInfo(name, date_time=(2026, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text.encode())


def pdf_page(lines):
    """Text operators of an A4 page, from the top; each kind has its font, size and space above."""
    faces = {"title": ("F2", 20, 0), "heading": ("F2", 14, 16), "body": ("F1", 10.5, 3)}
    y = 780
    commands = []
    for kind, text in lines:
        font, size, above = faces[kind]
        y -= above + size * 1.3
        quoted = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        commands.append(f"BT /{font} {size} Tf 60 {y:.1f} Td ({quoted}) Tj ET")
    return "\n".join(commands).encode("ascii")


def write_pdf(path, title, pages):
    """A PDF 1.4 of Helvetica, which every viewer has."""
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        3: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        4: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
        5: f"<< /Title ({title}) /Author (Lanhe Instruments) >>".encode("ascii"),
    }
    kids = []
    for i, lines in enumerate(pages):
        page, content = 6 + 2 * i, 7 + 2 * i
        stream = pdf_page(lines)
        objects[page] = (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
            b"/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> /Contents %d 0 R >>" % content
        )
        objects[content] = b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream)
        kids.append(b"%d 0 R" % page)
    objects[2] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))

    data = bytearray(b"%PDF-1.4\n")
    offsets = {}
    for number in sorted(objects):
        offsets[number] = len(data)
        data += b"%d 0 obj\n%s\nendobj\n" % (number, objects[number])
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for number in sorted(objects):
        data += b"%010d 00000 n \n" % offsets[number]
    data += b"trailer\n<< /Size %d /Root 1 0 R /Info 5 0 R >>\n" % (len(objects) + 1)
    data += b"startxref\n%d\n%%%%EOF\n" % start
    path.write_bytes(data)


def main():
    write_docx(FOLDER / "meetings/2026-03-18-product-review.docx", REVIEW)
    write_docx(FOLDER / "meetings/2026年第二季度安全生产例会纪要.docx", SAFETY)
    write_pdf(FOLDER / "products/LR-200-datasheet.pdf", "LR-200 online turbidity analyser", DATASHEET)
    (FOLDER / "制度/信息安全管理规定.txt").write_bytes(RULES_GB18030.encode("gb18030"))


if __name__ == "__main__":
    main()
